import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runMistiCommand } from '@nowarp/misti/dist/cli';
import { type Accepted, combine, type Finding, judge } from './analyse/findings';
import { projectRoot, readSources } from './compile-contracts';
import { importsOf } from './mutation/run-mutant';

/**
 * Misti over every contract, with all of its detectors but the three that need Soufflé, which npm does not bring
 * (DivideBeforeMultiply, ReadOnlyVariables, UnboundLoop). Misti's own suppressions go by line and column, which move with every
 * edit; ours, in analyse/accepted.json, go by the text of the line and carry a reason.
 */
const acceptedFile = 'tools/analyse/accepted.json';
const contractsDir = path.join(projectRoot, 'contracts');

async function analyse(file: string): Promise<Finding[]> {
  const [, result] = await runMistiCommand([
    '--quiet',
    '--all-detectors',
    '--no-souffle',
    path.join(contractsDir, file),
  ]);
  if (result.kind === 'error') throw new Error(`Misti cannot analyse ${file}: ${result.error}`);
  if (result.kind !== 'warnings') return [];
  return result.warnings.map(({ detectorId, description, extraDescription, location }) => ({
    detector: detectorId,
    file: path.relative(contractsDir, location.file).split(path.sep).join('/'),
    code: /^>\s*\d+ \|(.*)$/m.exec(location.code)?.[1]?.trim() ?? '',
    line: location.line,
    message: [description, extraDescription].filter(Boolean).join('; '),
  }));
}

function readAccepted(): Accepted[] {
  const entries = JSON.parse(readFileSync(path.join(projectRoot, acceptedFile), 'utf8')) as Accepted[];
  for (const { detector, file, code, reason } of entries) {
    if (!detector || !file || !Array.isArray(code) || code.length === 0 || !reason || reason.length < 20) {
      throw new Error(
        `${acceptedFile}: the entry for ${detector} in ${file} needs "code" (line beginnings) and a "reason"`,
      );
    }
  }
  return entries;
}

async function main(): Promise<void> {
  const sources = readSources();
  const contracts = [...sources].filter(([, content]) => /^contract \w+/m.test(content.toString('utf8')));
  const perContract = new Map<string, Finding[]>();
  for (const [file] of contracts) perContract.set(file, await analyse(file));
  const imports = new Map(contracts.map(([file]) => [file, importsOf(file, sources)]));
  const usersOf = (file: string) => [...imports].filter(([, files]) => files.has(file)).map(([user]) => user);
  const { open, accepted, idle } = judge(combine(perContract, usersOf), readAccepted());
  for (const { detector, file, line, code, message } of open) {
    console.error(`contracts/${file}:${line} ${detector}: ${message}\n    ${code}`);
  }
  for (const entry of idle) console.error(`${acceptedFile} accepts what is no longer found; take it out: ${entry}`);
  if (open.length > 0) {
    console.error(`${open.length} new findings: fix them, or accept them with a reason in ${acceptedFile}`);
  }
  if (open.length + idle.length > 0) process.exitCode = 1;
  else console.log(`analysis: ${perContract.size} contracts, no open finding, ${accepted} accepted`);
}

// Misti leaves timers behind that would keep the process for 15 seconds more.
main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
