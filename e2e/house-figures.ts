/** The figures of the house, measured on the text of its files: `make check` prints them and fails if one breaks its limit. */
import ts from 'typescript';

/** One source file, its path relative to the root. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** The limits that `make check` holds. */
export const LIMITS = { pureShare: 0.6, functionLines: 80, fileLines: 300, cycles: 0 };

const GENERATED = /^(schemas\/generated|models\/onnx_pb)\.ts$/;
const TEST = /\.(test|bench|fixture)\.ts$/;
/** Not in the share of pure code: what joins tests, the commands, a tool's configuration. */
const NOT_SHARED = /^(e2e|bench|cli)\/|\.config\.ts$/;
const IMPURE = /\.io\.ts$/;

/** A place that is as long as `lines` says. */
export interface Longest {
  readonly lines: number;
  readonly where: string;
}

export interface HouseFigures {
  /** Code lines (neither blank nor comment alone) in pure files, and in all that count. */
  readonly pureLines: number;
  readonly codeLines: number;
  /** Longest first. Test files aside. */
  readonly functions: readonly Longest[];
  /** Longest first. Test files aside. */
  readonly files: readonly Longest[];
  /** Longest first. */
  readonly tests: readonly Longest[];
}

/** Measures all files of the house; generated ones do not count. */
export function measure(files: readonly SourceText[]): HouseFigures {
  const written = files.filter(({ path }) => !GENERATED.test(path));
  const production = written.filter(({ path }) => !TEST.test(path));
  const shared = production.filter(({ path }) => !NOT_SHARED.test(path));
  const linesOf = (some: readonly SourceText[]) => some.reduce((sum, file) => sum + codeLines(file), 0);
  return {
    pureLines: linesOf(shared.filter(({ path }) => !IMPURE.test(path))),
    codeLines: linesOf(shared),
    functions: longestFirst(production.flatMap(functionsOf)),
    files: longestFirst(production.map(wholeFile)),
    tests: longestFirst(written.filter(({ path }) => TEST.test(path)).map(wholeFile)),
  };
}

/** The four lines that `make check` prints, and below them each place that breaks a limit. */
export function report(figures: HouseFigures, cycles: readonly string[]): { text: string; isKept: boolean } {
  const { pureLines, codeLines, functions, files, tests } = figures;
  const share = pureLines / codeLines;
  const broken = [
    ...(share < LIMITS.pureShare ? ['too few pure lines: move what only computes out of .io.ts files'] : []),
    ...functions.filter(({ lines }) => lines > LIMITS.functionLines).map(tooLong('function')),
    ...files.filter(({ lines }) => lines > LIMITS.fileLines).map(tooLong('file')),
    ...cycles.map((cycle) => `cycle: ${cycle}`),
  ];
  const lines = [
    `pure lines        ${percent(share)} of ${count(codeLines)} code lines, cli/ aside (at least ${percent(LIMITS.pureShare)})`,
    `longest function  ${named(functions[0])} (at most ${count(LIMITS.functionLines)})`,
    `longest file      ${named(files[0])} (at most ${count(LIMITS.fileLines)}); longest test ${named(tests[0])}`,
    `import cycles     ${count(cycles.length)} (at most ${count(LIMITS.cycles)})`,
    ...broken,
  ];
  return { text: `${lines.join('\n')}\n`, isKept: broken.length === 0 };
}

/** Lines that hold code: neither blank nor comment alone. */
function codeLines({ path, text }: SourceText): number {
  const source = parse(path, text);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length > 0) children.forEach(visit);
    else if (node.end > node.getStart(source)) {
      for (let line = lineOf(source, node.getStart(source)); line <= lineOf(source, node.end); line++)
        lines.add(line);
    }
  };
  visit(source);
  const texts = text.split('\n');
  return [...lines].filter((line) => texts[line - 1]!.trim() !== '').length;
}

/** Functions of every kind; what is nested counts in its parent too. */
function functionsOf({ path, text }: SourceText): Longest[] {
  const source = parse(path, text);
  const found: Longest[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = lineOf(source, node.getStart(source));
      const where = `${nameOf(node, source)}, ${path}:${count(first)}`;
      found.push({ lines: lineOf(source, node.end) - first + 1, where });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Its own name, or the name of what holds it. */
function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  const { parent } = node as ts.Node;
  const name =
    node.name ??
    (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined);
  return name?.getText(source) ?? 'a function without a name';
}

const wholeFile = ({ path, text }: SourceText): Longest => ({
  lines: text.replace(/\n$/, '').split('\n').length,
  where: path,
});
const parse = (path: string, text: string) => ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
const lineOf = (source: ts.SourceFile, position: number) =>
  source.getLineAndCharacterOfPosition(position).line + 1;
const longestFirst = (places: readonly Longest[]) => [...places].sort((a, b) => b.lines - a.lines);
const tooLong = (what: string) => (place: Longest) => `too long: ${what} ${named(place)}`;
const named = (place: Longest | undefined) =>
  place === undefined ? 'none' : `${count(place.lines)} lines: ${place.where}`;
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const count = (n: number) => String(n);
