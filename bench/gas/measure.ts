import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Cell } from '@ton/core';
import type { BlockchainTransaction } from '@ton/sandbox';
import { sizeBeside } from '../../sdk/governance/message-size';
import { compileContracts, networkContractNames } from '../../tools/compile-contracts';
import { operations } from './operations';
import { type GasReport, type OperationCost, renderTable } from './report';
import { type ContractCodes, createGasWorld, type GasWorld } from './world';

const reportFile = path.join(__dirname, 'gas.json');
const tableFile = path.join(__dirname, 'README.md');

/** Gas per contract and fees of the whole chain of messages that one operation sets off. */
function costOf(name: string, world: GasWorld, transactions: BlockchainTransaction[]): OperationCost {
  const gas: OperationCost['gas'] = {};
  let fees = 0n;
  for (const tx of transactions) {
    if (tx.description.type !== 'generic') throw new Error(`${name}: unexpected ${tx.description.type} transaction`);
    const { computePhase, storagePhase } = tx.description;
    fees += tx.totalFees.coins - (storagePhase?.storageFeesCollected ?? 0n);
    for (const message of tx.outMessages.values()) {
      if (message.info.type === 'internal') fees += message.info.forwardFee;
    }
    const account = tx.inMessage?.info.dest;
    const contract = account && 'hash' in account ? world.nameOf(account) : undefined;
    if (contract !== undefined && computePhase.type === 'vm') {
      gas[contract] = (gas[contract] ?? 0) + Number(computePhase.gasUsed);
    }
  }
  return { gas, feesNano: Number(fees), messages: transactions.length };
}

/** An operation that fails half-way would look cheap: every step of the chain has to succeed, or be the rejection we measure. */
function assertWent(name: string, transactions: BlockchainTransaction[]): void {
  for (const [i, tx] of transactions.entries()) {
    if (tx.description.type !== 'generic') continue;
    const { computePhase, aborted } = tx.description;
    if (computePhase.type === 'skipped' || !aborted) continue;
    if (name === 'root.reject non-owner' && i === 0 && computePhase.exitCode === 1010) continue;
    throw new Error(`${name}: step ${i + 1} failed with exit code ${computePhase.exitCode}, nothing to measure`);
  }
}

/** Distinct cells of a tree, as storage is counted. */
function sizeOf(root: Cell): { bits: number; cells: number } {
  const below = sizeBeside(root);
  return { bits: below.bits + root.bits.length, cells: below.cells + 1 };
}

/** Runs every operation from the same state. The numbers depend on the codes alone: clock, keys and prices are fixed. */
export async function measureGas(codes: ContractCodes): Promise<GasReport> {
  const world = await createGasWorld(codes);
  const measured: GasReport['operations'] = {};
  for (const { name, message } of operations) {
    await world.reset();
    const { transactions } = await world.inject(await message(world));
    assertWent(name, transactions);
    measured[name] = costOf(name, world, transactions);
  }
  const contracts = networkContractNames.map((name) => [
    name,
    { codeHash: codes[name].hash().toString('hex'), ...sizeOf(codes[name]) },
  ]);
  return { contracts: Object.fromEntries(contracts), operations: measured };
}

/** Readable differences between what is committed and what the sources cost now. */
export function differences(committed: GasReport, now: GasReport): string[] {
  const flat = (report: GasReport) =>
    new Map<string, string>([
      ...Object.entries(report.contracts).map(([name, code]): [string, string] => [
        `${name} code`,
        `${code.bits} bits, ${code.cells} cells, ${code.codeHash}`,
      ]),
      ...Object.entries(report.operations).flatMap(([name, cost]): [string, string][] => [
        [name, `${JSON.stringify(cost.gas)} gas, ${cost.feesNano} nanoTON, ${cost.messages} messages`],
      ]),
    ]);
  const [before, after] = [flat(committed), flat(now)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map(
      (key) => `  ${key}\n    committed: ${before.get(key) ?? '(none)'}\n    now:       ${after.get(key) ?? '(none)'}`,
    );
}

async function main(): Promise<void> {
  const mode = process.argv[2] ?? '--print';
  if (!['--print', '--check', '--write'].includes(mode)) {
    throw new Error(`unknown option ${mode}; usage: npm run gas [-- --check | --write]`);
  }
  const report = await measureGas(await compileContracts());
  if (mode === '--write') {
    writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(tableFile, renderTable(report));
    console.log('wrote bench/gas/gas.json and bench/gas/README.md');
  } else if (mode === '--print') {
    console.log(renderTable(report));
  } else {
    if (!existsSync(reportFile)) throw new Error('bench/gas/gas.json is missing; run `npm run gas -- --write`');
    const changed = differences(JSON.parse(readFileSync(reportFile, 'utf8')) as GasReport, report);
    const stale = !existsSync(tableFile) || readFileSync(tableFile, 'utf8') !== renderTable(report);
    if (changed.length > 0 || stale) {
      const what = changed.length > 0 ? changed.join('\n') : '  bench/gas/README.md is not what gas.json says';
      throw new Error(`Gas or code differs from what is committed; if intended, \`npm run gas -- --write\`:\n${what}`);
    }
    console.log(`gas: ${Object.keys(report.operations).length} operations as committed`);
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
