import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Documents cite tests as `file › name`; these are kept true by tests of the documents. */

export const repository = path.join(__dirname, '../..');

export type Cited = [file: string, name: string];

export function citedTests(text: string): Cited[] {
  return [...text.matchAll(/`((?:offchain|sdk|tests)\/[^`›]+?) › ([^`]+)`/g)].map(([, file, name]) => [
    file!.trim(),
    name!.trim(),
  ]);
}

/** @returns what is wrong with the citation; undefined when there is such a test */
export function missing([file, name]: Cited): string | undefined {
  const source = path.join(repository, file);
  if (!existsSync(source)) return `there is no file ${file}`;
  // In the source, an apostrophe in a single-quoted name is escaped.
  const text = readFileSync(source, 'utf8').replaceAll("\\'", "'");
  const quoted = ["'", '"', '`'].some((quote) => text.includes(`${quote}${name}${quote}`));
  return quoted ? undefined : `${file} has no test of exactly this name`;
}
