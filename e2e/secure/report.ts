/** The trials as a table for docs/rights.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ROLES, type RoleName } from '../../service/role-topics.ts';
import { withSection } from '../bad-inputs/section.ts';
import type { Trial } from './trial.ts';

const DOCUMENT = 'docs/rights.md';
const WORDS = { TOPIC: 'topic', GROUP: 'group', TRANSACTIONAL_ID: 'transactional id' } as const;

const code = (text: string): string => `\`${text}\``;
/** Names without the prefix of the trial's deployment and the random ends of readers' groups. */
const plain = (text: string): string =>
  text.replaceAll(/\b[smt]\d*\./g, '').replaceAll(/\.[0-9a-f]{8}-[0-9a-f-]{27}/g, '.*').replaceAll(/-\d+\.last/g, '.last'); // prettier-ignore

function row(role: RoleName, { right, when, health, metrics, recoveredMs }: Trial): string {
  const [status, ...words] = health.split(' ');
  const name = plain(right.name) + (right.pattern === 'PREFIXED' ? '*' : '');
  const signs = [...new Set(metrics.map((sample) => code(sample.split(/[{ ]/)[0]!)))];
  const cells = [
    role,
    `${code(right.operation)} ${WORDS[right.resource]} ${code(name)}`,
    when,
    `${status!} ${plain(words.join(' '))}`.trim(),
    signs.join(' '),
    recoveredMs === undefined ? 'never' : `${(recoveredMs / 1000).toFixed(1)} s`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** `UPDATE_DOCS=1 npx vitest run e2e/secure/rights.sys` writes what came back. */
export function writeReport(trials: ReadonlyMap<RoleName, readonly Trial[]>): void {
  const rows = ROLES.flatMap((role) => (trials.get(role) ?? []).map((trial) => row(role, trial)));
  const header = ['role', 'right', 'away', '`/health` meanwhile', 'metrics that move', 'back after'];
  const table = [`| ${header.join(' | ')} |`, `| ${header.map(() => '---').join(' | ')} |`, ...rows];
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), 'rights', table.join('\n')));
}
