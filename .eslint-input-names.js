/** A rule for ESLint: the customer's columns are known to the customer schema alone, no code names one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const { inputs } = parse(readFileSync(join(import.meta.dirname, 'configs/customer.yaml'), 'utf8'));
const NAMES = new Set(inputs.flatMap(({ name, aliases = [] }) => [name, ...aliases]));
/** `age` is a word of English, too: it counts as a name in code; `creditScore` does everywhere, comments included. */
const COMPOUND = new RegExp(`\\b(${[...NAMES].filter((name) => /[a-z][A-Z]/.test(name)).join('|')})\\b`, 'g');

const message = (name) =>
  `${name} is an input of one bank: take it from the customer schema (schemas/customer/schema.ts)`;

export const noInputNames = {
  create: (context) => {
    const report = (node, name) => context.report({ node, message: message(name) });
    return {
      Program: (node) => {
        for (const [name] of context.sourceCode.text.matchAll(COMPOUND)) report(node, name);
      },
      'MemberExpression > Identifier.property': (node) => NAMES.has(node.name) && report(node, node.name),
      'Property > Identifier.key': (node) => NAMES.has(node.name) && report(node, node.name),
      Literal: (node) => NAMES.has(node.value) && report(node, node.value),
    };
  },
};
