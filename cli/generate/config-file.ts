/** The configuration file as it ships: every setting with its default, and a comment from its declaration. */
import { stringify } from 'yaml';
import { DECLARED, SETTINGS, type Declared } from '../../config.ts';

const HEADER = `# Generated from config.ts (\`npm run generate\`): all settings, with their defaults.
# To change a setting, edit a copy of this file and name it with --config or CONFIG, or set the environment variable
# that stands in [brackets]. Keys may be left out: they keep their defaults. To change a default, edit config.ts.
# All errors are reported at once at start; \`bankchurn serve\` then exits with code 2.
`;

/** Settings that stand together: those of a section, or neighbours outside of any. */
interface Group {
  readonly section: string | undefined;
  readonly sentence: string;
  readonly settings: readonly Declared[];
}

export function groups(): readonly Group[] {
  const found: Group[] = [];
  for (const declared of DECLARED) {
    const section = declared.key.includes('.') ? declared.key.split('.')[0]! : undefined;
    const last = found.at(-1);
    if (last?.section === section && last !== undefined)
      found[found.length - 1] = { ...last, settings: [...last.settings, declared] };
    else found.push({ section, sentence: sentenceOf(section), settings: [declared] });
  }
  return found;
}

function sentenceOf(section: string | undefined): string {
  return section === undefined ? '' : SETTINGS[section as keyof typeof SETTINGS].sentence;
}

/** A value as YAML, on one line. */
export function yamlValue(value: unknown): string {
  const style = { collectionStyle: 'flow', flowCollectionPadding: false, singleQuote: true } as const;
  return stringify(value, { ...style, lineWidth: 0 }).trim();
}

function line(key: string, comment: string): string {
  return comment === '' ? key : `${key} # ${comment}`;
}

function settingLine({ key, variable, setting: { kind, initial, sentence } }: Declared): string {
  const choices = kind.allowed.includes(' | ') ? [kind.allowed] : [];
  const words = [...choices, sentence].filter((part) => part !== '').join('; ');
  return line(`${key.split('.').at(-1)!}: ${yamlValue(initial)}`, `[${variable}] ${words}`.trim());
}

/** The text of `configs/config.yaml`. */
export function configFile(): string {
  const parts = groups().map(({ section, sentence, settings }) => {
    const lines = settings.map(settingLine);
    return section === undefined
      ? lines
      : [line(`${section}:`, sentence), ...lines.map((text) => `  ${text}`)];
  });
  return [HEADER, ...parts.map((lines) => `${lines.join('\n')}\n`)].join('\n');
}
