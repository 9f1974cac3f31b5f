/** Where models, figures and data lie by default: with another customer schema than the shipped one, in a folder of its own. */

/** The customer schema that ships with the program. */
export const SHIPPED_SCHEMA = 'configs/customer.yaml';

/** Paths from the present folder. */
export interface Places {
  /** Whether the customer schema is the file that ships. */
  readonly isShipped: boolean;
  /** Folder of the model release. */
  readonly model: string;
  /** File of its figures. */
  readonly metrics: string;
  /** Labelled customers that trainings use; null: they must be named. */
  readonly data: string | null;
}

/** @param name of the customer schema: it names the folder. */
export function placesOf(isShipped: boolean, name: string): Places {
  if (isShipped)
    return {
      isShipped,
      model: 'models/champion',
      metrics: 'models/metrics.json',
      data: 'data/raw/Churn.csv',
    };
  const folder = `.data/${name}`;
  return { isShipped, model: `${folder}/champion`, metrics: `${folder}/metrics.json`, data: null };
}
