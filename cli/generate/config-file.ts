/** The configuration file as it ships: every setting with its default, and a comment from its declaration. */
import { stringify } from 'yaml';
import { isSection, type Section, type Setting } from '../../config-kinds.ts';
import { SETTINGS } from '../../config.ts';

const HEADER = `# Generated from config.ts (\`npm run generate\`): all settings, with their defaults.
# To change a setting, edit a copy of this file and name it with --config or CONFIG, or set the environment variable
# that stands in [brackets]. Keys may be left out: they keep their defaults. To change a default, edit config.ts.
# All errors are reported at once at start; \`bankchurn serve\` then exits with code 2.
`;

/** Settings that stand together: those of a section, or neighbours outside of any. */
interface Group {
  readonly section: string | undefined;
  readonly sentence: string;
  readonly settings: readonly (readonly [name: string, setting: Setting])[];
}

export function groups(): readonly Group[] {
  const found: Group[] = [];
  for (const [name, node] of Object.entries<Setting | Section>(SETTINGS)) {
    const last = found.at(-1);
    if (isSection(node))
      found.push({ section: name, sentence: node.sentence, settings: Object.entries(node.settings) });
    else if (last === undefined || last.section !== undefined)
      found.push({ section: undefined, sentence: '', settings: [[name, node]] });
    else found[found.length - 1] = { ...last, settings: [...last.settings, [name, node]] };
  }
  return found;
}

/** A value as YAML, on one line. */
export function yamlValue(value: unknown): string {
  const style = { collectionStyle: 'flow', flowCollectionPadding: false, singleQuote: true } as const;
  return stringify(value, { ...style, lineWidth: 0 }).trim();
}

function line(key: string, comment: string): string {
  return comment === '' ? key : `${key} # ${comment}`;
}

function settingLine(name: string, { kind, initial, sentence, variable }: Setting): string {
  const choices = kind.allowed.includes(' | ') ? [kind.allowed] : [];
  const words = [...choices, sentence].filter((part) => part !== '').join('; ');
  const comment = [...(variable === undefined ? [] : [`[${variable}]`]), words].join(' ').trim();
  return line(`${name}: ${yamlValue(initial)}`, comment);
}

/** The text of `configs/config.yaml`. */
export function configFile(): string {
  const parts = groups().map(({ section, sentence, settings }) => {
    const lines = settings.map(([name, setting]) => settingLine(name, setting));
    return section === undefined
      ? lines
      : [line(`${section}:`, sentence), ...lines.map((text) => `  ${text}`)];
  });
  return [HEADER, ...parts.map((lines) => `${lines.join('\n')}\n`)].join('\n');
}
