import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { contractCode } from '../sdk/generated/code';
import { compileContracts, contractNames, projectRoot, readSources } from './compile-contracts';
import { contractSpecs, runSpecs } from './contract-tests';
import { getterNames } from './coverage/getters';
import { merge } from './coverage/lines';
import type { Recording } from './coverage/record';
import { type CoverageReport, coverageOf, REQUIRED_PERCENT, renderTable } from './coverage/report';

const usage = 'usage: npm run coverage:contracts [-- --write | --check]';
const outDir = path.join(projectRoot, 'bench/coverage');
const reportFile = path.join(outDir, 'coverage.json');

async function measure(): Promise<CoverageReport> {
  const codes = await compileContracts();
  const stale = contractNames.filter((name) => codes[name].hash().toString('hex') !== contractCode[name].hash);
  if (stale.length > 0) {
    throw new Error(`The tests run other code than the sources of ${stale.join(', ')} give; run \`npm run generate\``);
  }
  const dir = mkdtempSync(path.join(os.tmpdir(), 'cocoon-coverage-'));
  try {
    const results = await runSpecs({
      specs: contractSpecs(),
      env: { COCOON_RECORD_DIR: dir },
      config: { setupFilesAfterEnv: ['<rootDir>/tools/coverage/record.ts'] },
      args: [],
    });
    if (results === 'timeout') throw new Error('the tests did not end');
    const failed = results.filter(({ passed }) => !passed);
    if (failed.length > 0) {
      const list = failed.map(({ spec, failure }) => `  ${spec}: ${failure}`).join('\n');
      throw new Error(`Coverage says nothing while tests fail; make these pass first:\n${list}`);
    }
    const recordings = readdirSync(dir).map(
      (file) => JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as Recording,
    );
    const executed = merge(recordings.map((recording) => recording.executed));
    const getters = getterNames(readSources());
    return Object.fromEntries(contractNames.map((name) => [name, coverageOf(codes[name], executed, getters)]));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Why the committed report is not of this code; undefined when it is. */
function staleness(report: CoverageReport): string | undefined {
  if (!existsSync(reportFile)) return 'bench/coverage/coverage.json is missing';
  const committed = JSON.parse(readFileSync(reportFile, 'utf8')) as CoverageReport;
  const moved = contractNames.filter((name) => committed[name]?.codeHash !== report[name]!.codeHash);
  return moved.length > 0 ? `bench/coverage/coverage.json is of another code of ${moved.join(', ')}` : undefined;
}

async function main(): Promise<void> {
  const mode = process.argv[2] ?? '--print';
  if (!['--print', '--write', '--check'].includes(mode) || process.argv.length > 3) throw new Error(usage);
  const report = await measure();
  for (const name of contractNames) {
    const { lines, covered, percent, uncovered } = report[name]!;
    console.log(`${name.padEnd(12)} ${percent.toFixed(2).padStart(6)} %  ${covered} of ${lines} lines`);
    for (const place of uncovered.slice(0, 40)) console.log(`  not covered: ${place}`);
    if (uncovered.length > 40) console.log(`  … and ${uncovered.length - 40} more places`);
  }
  if (mode === '--write') {
    mkdirSync(outDir, { recursive: true });
    writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(path.join(outDir, 'README.md'), renderTable(report));
    console.log('wrote bench/coverage/coverage.json and bench/coverage/README.md');
  }
  const low = contractNames.filter((name) => report[name]!.percent < REQUIRED_PERCENT);
  if (low.length > 0) {
    throw new Error(
      `Under ${REQUIRED_PERCENT} % of lines: ${low.join(', ')}. Write tests that reach the places above.`,
    );
  }
  const stale = mode === '--check' ? staleness(report) : undefined;
  if (stale !== undefined) throw new Error(`${stale}; run \`npm run coverage:contracts -- --write\` and commit`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
