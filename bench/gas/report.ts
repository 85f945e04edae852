import baseline from './baseline.json';
import type { ContractName } from './world';

export interface OperationCost {
  /** Gas units by contract; receiving wallets and skipped compute phases are not in it. */
  gas: Partial<Record<ContractName, number>>;
  /** nanoTON of the whole chain at the mainnet prices of 2026, without storage: gas, actions, forwarding, receiving wallets. */
  feesNano: number;
  /** Messages processed, the first one included. */
  messages: number;
}

export interface GasReport {
  contracts: Record<string, { codeHash: string; bits: number; cells: number }>;
  operations: Record<string, OperationCost>;
}

type Split = Partial<Record<string, number>>;
const existing = baseline.operations as Record<string, { func: Split; tolk: Split }>;

const total = (split: Split) => Object.values(split).reduce((sum: number, gas) => sum + (gas ?? 0), 0);
const show = (split: Split) =>
  Object.entries(split)
    .map(([contract, gas]) => `${contract} ${gas}`)
    .join(' + ');
const versus = (ours: number, theirs: number) => `${((ours / theirs - 1) * 100).toFixed(1)} %`;

/** bench/gas/README.md: our gas beside that of the two existing implementations. */
export function renderTable(report: GasReport): string {
  const names = Object.keys(report.operations);
  const missing = Object.keys(existing).filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`operations of the baseline that are not measured: ${missing.join(', ')}`);
  const sums = { ours: 0, func: 0, tolk: 0 };
  const rows = names.map((name) => {
    const cost = report.operations[name]!;
    const peers = existing[name];
    if (peers === undefined) throw new Error(`${name} is not in bench/gas/baseline.json`);
    const [ours, func, tolk] = [total(cost.gas), total(peers.func), total(peers.tolk)];
    sums.ours += ours;
    sums.func += func;
    sums.tolk += tolk;
    const fees = (cost.feesNano / 1e9).toFixed(6);
    return `| ${name} | ${show(cost.gas)} | ${ours} | ${func} | ${tolk} | ${versus(ours, tolk)} | ${fees} | ${cost.messages} |`;
  });
  const codes = Object.entries(report.contracts).map(
    ([name, { bits, cells, codeHash }]) => `| ${name} | ${bits} | ${cells} | \`${codeHash}\` |`,
  );
  return `# Gas

Written by \`npm run gas -- --write\`, checked by \`npm run gas -- --check\`. Do not edit.

Every operation starts from the same state: a root with 16 worker, 16 model and 4 proxy hashes and 8 registered proxies; a
proxy with a stake of 10 TON; a client topped up with 100 TON; a wallet with 100 TON. Gas is exact and depends on the code
alone. FunC is the code that runs on mainnet: in this state it takes exactly the gas of its column. Tolk is the other
existing implementation. Fees are TON for the whole chain of messages at the mainnet prices of 2026 (66.67 nanoTON per gas),
without storage.

| operation | gas by contract | ours | FunC | Tolk | vs Tolk | fees | messages |
|---|---|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}
| **sum** | | **${sums.ours}** | **${sums.func}** | **${sums.tolk}** | **${versus(sums.ours, sums.tolk)}** | | |

## Code

| contract | bits | cells | hash |
|---|---:|---:|---|
${codes.join('\n')}
`;
}
