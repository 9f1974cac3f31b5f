/** ROC AUCs of two models on the same customers, and how sure their difference is. */

/** Rows of labelled customers as two models score them. */
export interface PairedRows {
  /** 1: left. */
  readonly labels: ArrayLike<number>;
  /** Of each row, the number of its customer, 0 and up. */
  readonly customers: Int32Array;
  readonly champion: Float64Array;
  readonly challenger: Float64Array;
}

/** A figure and its standard error. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** How many customers there are: one who repeats counts once, one with both labels on either side. */
export interface CustomerCounts {
  readonly customers: number;
  readonly leavers: number;
  readonly stayers: number;
}

/** Counts customers. */
export function countCustomers({
  labels,
  customers,
}: Pick<PairedRows, 'labels' | 'customers'>): CustomerCounts {
  const seen = new Uint8Array(mostOf(customers) + 1);
  for (let row = 0; row < customers.length; row++) seen[customers[row]!]! |= labels[row] === 1 ? 1 : 2;
  const counts = { customers: 0, leavers: 0, stayers: 0 };
  for (const sides of seen) {
    if (sides > 0) counts.customers += 1;
    counts.leavers += sides & 1;
    counts.stayers += sides >> 1;
  }
  return counts;
}

/** The number of each customer in the order in which they come first, by the customer of each row. */
export function numberCustomers(ids: readonly (string | number)[]): Int32Array {
  const numbers = new Map<string | number, number>();
  return Int32Array.from(ids, (id) => {
    const known = numbers.get(id) ?? numbers.size;
    numbers.set(id, known);
    return known;
  });
}

/** The weight of each row: each customer weighs 1, whatever the number of their rows. */
export function customerWeights(customers: Int32Array): Float64Array {
  const rows = sumsBy(customers, () => 1);
  return Float64Array.from(customers, (customer) => 1 / rows[customer]!);
}

const mostOf = (customers: Int32Array): number => {
  let most = -1;
  for (const customer of customers) if (customer > most) most = customer;
  return most;
};

/** Of each customer the sum over the rows. */
function sumsBy(customers: Int32Array, of: (row: number) => number): Float64Array {
  const sums = new Float64Array(mostOf(customers) + 1);
  for (let row = 0; row < customers.length; row++) sums[customers[row]!]! += of(row);
  return sums;
}

export interface AucComparison {
  readonly champion: Estimate;
  readonly challenger: Estimate;
  /** Of the challenger less that of the champion. */
  readonly difference: Estimate;
}

/**
 * DeLong's paired comparison of two ROC AUCs (DeLong, DeLong & Clarke-Pearson 1988) by ranks (Sun & Xu 2014), with the rows
 * of a customer as a cluster (Obuchowski 1997) and each customer of weight 1. Without repeated customers it is DeLong's.
 * NaN with one class only.
 */
export function compareAucs({ labels, customers, champion, challenger }: PairedRows): AucComparison {
  const weights = customerWeights(customers);
  const of = (scores: Float64Array): Float64Array => placements(scores, labels, weights);
  const [a, b] = [of(champion), of(challenger)];
  const estimate = (values: Float64Array): Estimate => clustered(values, labels, customers, weights);
  return {
    champion: estimate(a),
    challenger: estimate(b),
    difference: estimate(b.map((value, row) => value - a[row]!)),
  };
}

/** Of each row that left, the share of those who stayed with a lower score; of each that stayed, of those who left with a higher one. Ties count half. */
function placements(scores: Float64Array, labels: ArrayLike<number>, weights: Float64Array): Float64Array {
  const sorted = scores.slice().sort();
  const places = Uint32Array.from(scores, (score) => placeOf(sorted, score));
  const [stayed, left] = [new Float64Array(scores.length), new Float64Array(scores.length)];
  places.forEach((place, row) => ((labels[row] === 1 ? left : stayed)[place]! += weights[row]!));
  const [stayedBelow, allStayed] = middles(stayed);
  const [leftBelow, allLeft] = middles(left);
  return Float64Array.from(places, (place, row) =>
    labels[row] === 1 ? stayedBelow[place]! / allStayed : 1 - leftBelow[place]! / allLeft,
  );
}

/** The first place of a value in an ascending list that has it. */
function placeOf(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Of each weight, those before it and half of itself; and the sum of all. */
function middles(weights: Float64Array): [Float64Array, number] {
  let sum = 0;
  const halves = weights.map((weight) => {
    sum += weight;
    return sum - weight / 2;
  });
  return [halves, sum];
}

/** The weighted mean of the placements of those who left, and its standard error over customers. */
function clustered(
  values: Float64Array,
  labels: ArrayLike<number>,
  customers: Int32Array,
  weights: Float64Array,
): Estimate {
  const side = (row: number): 0 | 1 => (labels[row] === 1 ? 1 : 0);
  const weight: [number, number] = [0, 0];
  let sum = 0;
  for (let row = 0; row < values.length; row++) {
    weight[side(row)] += weights[row]!;
    if (side(row) === 1) sum += weights[row]! * values[row]!;
  }
  const value = sum / weight[1];
  const counts = countCustomers({ labels, customers });
  const partsOf = (wanted: 0 | 1): Float64Array =>
    sumsBy(customers, (row) =>
      side(row) === wanted ? (weights[row]! * (values[row]! - value)) / weight[wanted] : 0,
    );
  const [stayed, left] = [partsOf(0), partsOf(1)];
  const products = (a: Float64Array, b: Float64Array, n: number): number =>
    n < 2 ? NaN : (a.reduce((all, part, i) => all + part * b[i]!, 0) * n) / (n - 1);
  const variance =
    products(left, left, counts.leavers) +
    products(stayed, stayed, counts.stayers) +
    2 * products(left, stayed, counts.customers);
  return { value, standardError: Math.sqrt(Math.max(0, variance)) };
}

/** The mean of a figure of rows, each customer of weight 1, and its standard error over customers. */
export function customerMean(values: Float64Array, customers: Int32Array, weights: Float64Array): Estimate {
  const present = sumsBy(customers, (row) => weights[row]!);
  const sums = sumsBy(customers, (row) => weights[row]! * values[row]!).filter((_, i) => present[i]! > 0);
  const value = sums.reduce((all, sum) => all + sum, 0) / sums.length;
  const squares = sums.reduce((all, sum) => all + (sum - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (sums.length * (sums.length - 1))) };
}
