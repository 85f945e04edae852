import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Cell } from '@ton/core';
import { compileContracts, compileOne, networkContractNames, readSources } from '../../tools/compile-contracts';
import before from './before-hardening.json';
import { measureGas } from './measure';
import type { GasReport } from './report';
import type { ContractCodes } from './world';

/**
 * What each guard costs: the contracts are compiled without it, and every operation is measured again. What the guards have
 * cost together, and what was saved elsewhere meanwhile, shows against the contracts as they were before them.
 */

const tableFile = path.join(__dirname, 'hardening.md');

interface Guard {
  name: string;
  /** Weaknesses that it answers. */
  ids: string;
  /** Text in a source (relative to contracts/) and what stands there without the guard. */
  without: readonly { file: string; from: string; to: string }[];
}

const guards: readonly Guard[] = [
  {
    name: 'address of the excesses is checked',
    ids: 'W11 W12',
    without: [
      { file: 'common/addresses.tact', from: 'throwUnless(ERR_BAD_ADDRESS, isStandardAddress(address));', to: '' },
    ],
  },
  {
    name: 'required value follows the chain’s prices',
    ids: 'W15 A4',
    without: [
      {
        file: 'common/gas.tact',
        from: 'return max(MIN_MESSAGE_VALUE, basechainFee(gas));',
        to: 'return MIN_MESSAGE_VALUE;',
      },
    ],
  },
  {
    name: 'requests bounce with their whole body',
    ids: 'W02 W09 W14 W37',
    without: [
      {
        file: 'common/sending.tact',
        from: '.storeWholeBodyBounce()\n            .storeUint(op, HEADER_END + 32)',
        to: '.storeUint(op, HEADER_TAIL_NO_VALUE + 32)',
      },
      {
        file: 'common/sending.tact',
        from: '.storeWholeBodyBounce()\n        .storeUint(op, HEADER_END + 32)',
        to: '.storeUint(op, HEADER_TAIL_NO_VALUE + 32)',
      },
    ],
  },
  {
    name: 'closing accounts give their owner what was theirs',
    ids: 'W13',
    without: [{ file: 'common/gas.tact', from: 'return spare >= MIN_MESSAGE_VALUE ? spare : 0;', to: 'return 0;' }],
  },
  {
    name: 'payouts leave escrow and revenue untouched',
    ids: 'W03 W04',
    without: [
      {
        file: 'proxy.tact',
        from: 'throwIf(ERR_TVM_RANGE, keep < readEscrow(more.books) + balance + workerPart);',
        to: '',
      },
    ],
  },
  {
    name: 'a closed proxy pays workers from what is earned',
    ids: 'W14',
    without: [
      {
        file: 'proxy.tact',
        from: 'throwUnless(ERR_CLOSED, more.earned > 0 && more.earned >= workerPart + proxyPart);',
        to: 'throw(ERR_CLOSED);',
      },
    ],
  },
  {
    name: 'rent is made up for by the message',
    ids: 'W36',
    without: [
      {
        file: 'common/proxy-books.tact',
        from: 'keep = max(keep, min(floor, myBalance() - amount - basechainFee(DEEPEST_REQUEST_GAS) - getForwardFee(1, 1_000, true)));',
        to: 'keep = floor;',
      },
    ],
  },
  {
    name: 'delays are capped',
    ids: 'W28',
    without: [
      {
        file: 'client.tact',
        from: 'min(readClientDelay(self.params), LONGEST_DELAY)',
        to: 'readClientDelay(self.params)',
      },
      {
        file: 'common/proxy-books.tact',
        from: 'min(readProxyDelay(params), LONGEST_DELAY)',
        to: 'readProxyDelay(params)',
      },
    ],
  },
  {
    name: 'closing vouchers may expire',
    ids: 'W16 W20',
    without: [{ file: 'common/voucher.tact', from: 'if ((queryId >> 48) == EXPIRY_MARK) {', to: 'if (false) {' }],
  },
];

const columns = [
  'client.charge_signed',
  'client.top_up',
  'client.withdraw',
  'client.request_refund stage 1 (balance > stake)',
  'client.request_refund stage 2 (force)',
  'client.grant_refund_signed',
  'worker.payout_signed',
  'worker.last_payout_signed',
  'proxy.payout (ext_proxy_payout_request)',
  'proxy.close_request_signed',
] as const;

type Gas = Record<string, number>;

function totals(report: Pick<GasReport, 'operations'>): Gas {
  return Object.fromEntries(
    Object.entries(report.operations).map(([name, { gas }]) => [
      name,
      Object.values(gas).reduce((sum: number, each) => sum + (each ?? 0), 0),
    ]),
  );
}

async function codesWithout(guard: Guard): Promise<ContractCodes> {
  const sources = readSources();
  let replaced = 0;
  for (const { file, from, to } of guard.without) {
    const text = sources.get(file)?.toString('utf8');
    if (text === undefined) throw new Error(`${guard.name}: contracts/${file} is gone`);
    if (text.includes(from)) replaced += 1;
    sources.set(file, Buffer.from(text.replaceAll(from, to)));
  }
  if (replaced === 0) throw new Error(`${guard.name}: the guard is not where bench/gas/hardening.ts looks for it`);
  const codes: Partial<ContractCodes> = {};
  for (const name of networkContractNames) codes[name] = Cell.fromBoc(await compileOne(name, sources))[0]!;
  return codes as ContractCodes;
}

function codeHashes(codes: ContractCodes): string {
  return networkContractNames.map((name) => `${name} ${codes[name].hash().toString('hex').slice(0, 16)}`).join(', ');
}

async function render(codes: ContractCodes): Promise<string> {
  const now = totals(await measureGas(codes));
  const row = (name: string, ids: string, cost: (column: string) => number) =>
    `| ${name} | ${ids} | ${columns.map((column) => cost(column)).join(' | ')} |`;
  const rows: string[] = [];
  for (const guard of guards) {
    const without = totals(await measureGas(await codesWithout(guard)));
    rows.push(row(guard.name, guard.ids, (column) => now[column]! - without[column]!));
  }
  const then = totals(before as unknown as GasReport);
  const sum = (gas: Gas) => Object.values(gas).reduce((total, each) => total + each, 0);
  return `# What each guard costs, in gas

Written by \`npm run gas:hardening -- --write\` for the code ${codeHashes(codes)}. Do not edit.

Each line is the difference between the contracts and the same contracts without that guard, in the states of [README.md](README.md).
It holds what the compiler makes of it: a few bytes less can save a jump to another cell of code, 110 gas. Guards that are
the design itself (records of clients, earned, owed refunds) cannot be taken out of the source by a line; they are the
difference to the last line that the others leave.

| guard | answers | ${columns.join(' | ')} |
|---|---|${columns.map(() => '---:').join('|')}|
${rows.join('\n')}
| all guards, and what was saved meanwhile, against the contracts before them | | ${columns.map((column) => now[column]! - then[column]!).join(' | ')} |

All ${Object.keys(now).length} operations: ${sum(now)} now, ${sum(then)} before the guards.
`;
}

async function main(): Promise<void> {
  const mode = process.argv[2] ?? '--print';
  const codes = await compileContracts();
  if (mode === '--check') {
    const committed = existsSync(tableFile) ? readFileSync(tableFile, 'utf8') : '';
    if (committed.includes(codeHashes(codes))) return;
    throw new Error('bench/gas/hardening.md is of other code; run `npm run gas:hardening -- --write`');
  }
  if (mode !== '--print' && mode !== '--write') throw new Error('usage: npm run gas:hardening [-- --check | --write]');
  const text = await render(codes);
  if (mode === '--write') writeFileSync(tableFile, text);
  else console.log(text);
}

// Each emulator listens for the end of the process, and there is one for each guard.
process.setMaxListeners(0);
main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
