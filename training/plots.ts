/** Plots of the model card as SVG: text in, text out, the same bytes for the same numbers. */
import type { PrecisionRecall, ReliabilityBin } from './evaluation.ts';
import { wilsonInterval } from './intervals.ts';

const WIDTH = 560;
const HEIGHT = 400;
const FRAME = { left: 64, right: 30, top: 58, bottom: 52 };
const INK = {
  text: '#1f2933',
  faint: '#6b7785',
  grid: '#e4e8ec',
  line: '#1b5e9b',
  fill: '#8db8de',
  mark: '#c2410c',
};
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** At most two decimals: a pixel is enough. */
const px = (value: number): string => String(Math.round(value * 100) / 100);
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** Place of a share 0..1 on each axis. */
const across = (share: number): number => FRAME.left + share * (WIDTH - FRAME.left - FRAME.right);
const down = (share: number): number => HEIGHT - FRAME.bottom - share * (HEIGHT - FRAME.top - FRAME.bottom);

interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly ink?: string;
  readonly more?: string;
}

function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { anchor = 'start', size = 12, ink = INK.text, more = '' } = options;
  return `<text x="${px(x)}" y="${px(y)}" font-size="${String(size)}" fill="${ink}" text-anchor="${anchor}"${more}>${escape(content)}</text>`;
}

const line = (x1: number, y1: number, x2: number, y2: number, ink: string, more = ''): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${ink}"${more}/>`;

function picture(title: string, subtitle: string, height: number, parts: readonly string[]): string {
  const size = `width="${String(WIDTH)}" height="${px(height)}" viewBox="0 0 ${String(WIDTH)} ${px(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" font-family="system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${String(WIDTH)}" height="${px(height)}" rx="8" fill="#ffffff"/>`,
    text(FRAME.left, 24, title, { size: 16, more: ' font-weight="600"' }),
    text(FRAME.left, 42, subtitle, { ink: INK.faint }),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** Axes of two shares, 0..1 each. */
function axes(xLabel: string, yLabel: string): string[] {
  const [x0, x1, y0, y1] = [across(0), across(1), down(0), down(1)];
  const middle = (y0 + y1) / 2;
  return [
    ...TICKS.map((tick) => line(x0, down(tick), x1, down(tick), INK.grid)),
    ...TICKS.map((tick) => line(across(tick), y0, across(tick), y1, INK.grid)),
    ...TICKS.map((tick) => text(across(tick), y0 + 18, percent(tick), { anchor: 'middle', ink: INK.faint })),
    ...TICKS.map((tick) => text(x0 - 8, down(tick) + 4, percent(tick), { anchor: 'end', ink: INK.faint })),
    text((x0 + x1) / 2, y0 + 40, xLabel, { anchor: 'middle' }),
    text(16, middle, yLabel, { anchor: 'middle', more: ` transform="rotate(-90 16 ${px(middle)})"` }),
  ];
}

/** Scores against what became of the customers: on the diagonal they mean what they say. */
export function reliabilityPlot(bins: readonly ReliabilityBin[]): string {
  const told = bins.filter(({ rows }) => rows > 0);
  const most = Math.max(...told.map(({ rows }) => rows));
  const points = told.flatMap(({ mean_score, churn_rate, rows }) => {
    const { low, high } = wilsonInterval(churn_rate, rows);
    const x = across(mean_score);
    return [
      line(x, down(low), x, down(high), INK.line, ' stroke-width="1.5" stroke-opacity="0.6"'),
      `<circle cx="${px(x)}" cy="${px(down(churn_rate))}" r="${px(3 + 5 * Math.sqrt(rows / most))}" fill="${INK.line}" fill-opacity="0.9"/>`,
    ];
  });
  const path = told.map((bin) => `${px(across(bin.mean_score))},${px(down(bin.churn_rate))}`).join(' ');
  const rows = told.reduce((sum, bin) => sum + bin.rows, 0);
  return picture(
    'Reliability on the holdout',
    `${String(rows)} customers in ten bins of score; area = customers, bars = 95 % interval`,
    HEIGHT,
    [
      ...axes('mean score of the bin', 'share that left'),
      line(across(0), down(0), across(1), down(1), INK.faint, ' stroke-dasharray="5 4"'),
      `<polyline points="${path}" fill="none" stroke="${INK.line}" stroke-opacity="0.5"/>`,
      ...points,
    ],
  );
}

/** Precision against recall at every threshold; the one in use is marked. */
export function precisionRecallPlot(
  curve: readonly PrecisionRecall[],
  {
    prAuc,
    churnRate,
    chosen,
  }: { readonly prAuc: number; readonly churnRate: number; readonly chosen: PrecisionRecall },
): string {
  const places = curve.map(
    ({ recall, precision }) => `${across(recall).toFixed(0)},${down(precision).toFixed(0)}`,
  );
  const path = places.filter((place, i) => place !== places[i - 1]).join(' ');
  const [x, y] = [across(chosen.recall), down(chosen.precision)];
  const label = `threshold in use: ${percent(chosen.recall)} found, ${percent(chosen.precision)} right`;
  const isLeft = chosen.recall < 0.55;
  return picture(
    'Precision and recall on the holdout',
    `average precision ${prAuc.toFixed(3)}; dashed: everybody called leaving (${percent(churnRate)})`,
    HEIGHT,
    [
      ...axes('recall: share of those who left that is found', 'precision'),
      line(across(0), down(churnRate), across(1), down(churnRate), INK.faint, ' stroke-dasharray="5 4"'),
      `<polyline points="${path}" fill="none" stroke="${INK.line}" stroke-width="2" stroke-linejoin="round"/>`,
      `<circle cx="${px(x)}" cy="${px(y)}" r="5" fill="${INK.mark}"/>`,
      // Below the curve there is room.
      text(x + (isLeft ? 10 : -10), y + 20, label, { ink: INK.mark, anchor: isLeft ? 'start' : 'end' }),
    ],
  );
}

/** Mean absolute contribution of every feature, as bars. */
export function contributionsPlot(contributions: Readonly<Record<string, number>>): string {
  const entries = Object.entries(contributions);
  const largest = Math.max(...entries.map(([, value]) => value), Number.MIN_VALUE);
  const [row, left, right] = [28, 150, 60];
  const bars = entries.flatMap(([name, value], i) => {
    const y = FRAME.top + 8 + i * row;
    const width = (value / largest) * (WIDTH - left - right);
    return [
      text(left - 10, y + 15, name, { anchor: 'end' }),
      `<rect x="${String(left)}" y="${px(y)}" width="${px(width)}" height="${String(row - 8)}" rx="3" fill="${INK.fill}"/>`,
      text(left + width + 6, y + 15, value.toFixed(3), { ink: INK.faint }),
    ];
  });
  return picture(
    'What moves the score',
    'mean |contribution| on the holdout: exact Shapley values, log-odds',
    FRAME.top + 16 + entries.length * row + 8,
    bars,
  );
}
