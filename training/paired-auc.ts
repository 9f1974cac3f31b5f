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
export function numberCustomers(ids: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(ids, (id) => {
    const known = numbers.get(id) ?? numbers.size;
    numbers.set(id, known);
    return known;
  });
}

/** The weight of each row: each customer weighs 1, whatever the number of their rows. */
export function customerWeights(customers: Int32Array): Float64Array {
  const weights = new Float64Array(customers.length).fill(1);
  const rows = sumsBy(customers, weights);
  for (let row = 0; row < weights.length; row++) weights[row] = 1 / rows[customers[row]!]!;
  return weights;
}

function mostOf(customers: Int32Array): number {
  let most = -1;
  for (let row = 0; row < customers.length; row++) if (customers[row]! > most) most = customers[row]!;
  return most;
}

/** Of each customer the sum over the rows. */
function sumsBy(customers: Int32Array, values: Float64Array): Float64Array {
  const sums = new Float64Array(mostOf(customers) + 1);
  for (let row = 0; row < customers.length; row++) sums[customers[row]!]! += values[row]!;
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
    difference: estimate(less(b, a)),
  };
}

/** The first less the second, row by row. */
export function less(later: Float64Array, former: Float64Array): Float64Array {
  const difference = new Float64Array(later.length);
  for (let row = 0; row < later.length; row++) difference[row] = later[row]! - former[row]!;
  return difference;
}

/** Of each row that left, the share of those who stayed with a lower score; of each that stayed, of those who left with a higher one. Ties count half. */
function placements(scores: Float64Array, labels: ArrayLike<number>, weights: Float64Array): Float64Array {
  const sorted = scores.slice().sort();
  const places = new Uint32Array(scores.length);
  const [stayed, left] = [new Float64Array(scores.length), new Float64Array(scores.length)];
  for (let row = 0; row < scores.length; row++) {
    const place = placeOf(sorted, scores[row]!);
    places[row] = place;
    (labels[row] === 1 ? left : stayed)[place]! += weights[row]!;
  }
  const [stayedBelow, allStayed] = middles(stayed);
  const [leftBelow, allLeft] = middles(left);
  const values = new Float64Array(scores.length);
  for (let row = 0; row < scores.length; row++) {
    const place = places[row]!;
    values[row] = labels[row] === 1 ? stayedBelow[place]! / allStayed : 1 - leftBelow[place]! / allLeft;
  }
  return values;
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
  const halves = new Float64Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    halves[i] = sum - weights[i]! / 2;
  }
  return [halves, sum];
}

/** The weighted mean of the placements of those who left, and its standard error over customers. */
function clustered(
  values: Float64Array,
  labels: ArrayLike<number>,
  customers: Int32Array,
  weights: Float64Array,
): Estimate {
  let [sum, weightLeft, weightStayed] = [0, 0, 0];
  for (let row = 0; row < values.length; row++) {
    if (labels[row] === 1) {
      weightLeft += weights[row]!;
      sum += weights[row]! * values[row]!;
    } else weightStayed += weights[row]!;
  }
  const value = sum / weightLeft;
  const [leftOf, stayedOf] = [new Float64Array(values.length), new Float64Array(values.length)];
  for (let row = 0; row < values.length; row++) {
    const part = weights[row]! * (values[row]! - value);
    if (labels[row] === 1) leftOf[row] = part / weightLeft;
    else stayedOf[row] = part / weightStayed;
  }
  const [left, stayed] = [sumsBy(customers, leftOf), sumsBy(customers, stayedOf)];
  const counts = countCustomers({ labels, customers });
  const variance =
    products(left, left, counts.leavers) +
    products(stayed, stayed, counts.stayers) +
    2 * products(left, stayed, counts.customers);
  return { value, standardError: Math.sqrt(Math.max(0, variance)) };
}

/** The sum of products with Bessel's correction. */
function products(a: Float64Array, b: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return n < 2 ? NaN : (sum * n) / (n - 1);
}

/** The mean of a figure of rows, each customer of weight 1, and its standard error over customers; their numbers have no gaps. */
export function customerMean(values: Float64Array, customers: Int32Array, weights: Float64Array): Estimate {
  const weighted = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) weighted[row] = weights[row]! * values[row]!;
  const sums = sumsBy(customers, weighted);
  let [all, squares] = [0, 0];
  for (let i = 0; i < sums.length; i++) all += sums[i]!;
  const value = all / sums.length;
  for (let i = 0; i < sums.length; i++) squares += (sums[i]! - value) ** 2;
  return { value, standardError: Math.sqrt(squares / (sums.length * (sums.length - 1))) };
}
