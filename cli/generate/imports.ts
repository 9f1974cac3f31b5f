/** Which files of ours a program runs: the closure of its imports, without types, which leave no trace in it. */
import { posix } from 'node:path';
import ts from 'typescript';

/**
 * The files that run when the entries do, sorted.
 *
 * @param entries paths from the root, with slashes. @param sourceOf the text of a file.
 */
export function filesThatRun(entries: readonly string[], sourceOf: (path: string) => string): string[] {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const target of runtimeImports(path, sourceOf(path)))
      if (target.startsWith('.')) visit(posix.join(posix.dirname(path), target));
  };
  entries.forEach(visit);
  return [...found].sort();
}

/** What a module imports when it runs; a type alone is nothing. */
function runtimeImports(path: string, source: string): string[] {
  const { statements } = ts.createSourceFile(path, source, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const from = statement.moduleSpecifier;
    if (from === undefined || !ts.isStringLiteral(from)) return [];
    const isType = ts.isImportDeclaration(statement) ? isTypeImport(statement) : statement.isTypeOnly;
    return isType ? [] : [from.text];
  });
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}
