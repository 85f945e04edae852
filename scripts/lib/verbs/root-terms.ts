import { type CocoonParams, CocoonRoot, type FullParamsChange, type OutgoingMessage, parseRootData } from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import { type Parser, parse } from '../arguments';
import { codeOf, contractRows } from '../contracts';
import { changedRows, paramsRows, type Row } from '../format';
import { readCellFile } from '../key-files';
import { ScriptError } from '../script-error';
import { requireSoundTerms } from './guards';
import type { Verb, VerbContext } from './verb';

/** Prices, delays, stakes, multipliers and codes: the terms of proxies that are deployed from now on. */

interface Term {
  key: string;
  field: keyof FullParamsChange;
  parser: Parser<bigint> | Parser<number>;
}

const PRICES: readonly Term[] = [
  { key: 'price', field: 'pricePerToken', parser: parse.price },
  { key: 'workerFee', field: 'workerFeePerToken', parser: parse.price },
];
const PARAMS: readonly Term[] = [
  ...PRICES,
  { key: 'proxyDelay', field: 'proxyDelayBeforeClose', parser: parse.whole },
  { key: 'clientDelay', field: 'clientDelayBeforeClose', parser: parse.whole },
  { key: 'minProxyStake', field: 'minProxyStake', parser: parse.ton },
  { key: 'minClientStake', field: 'minClientStake', parser: parse.ton },
];
/** Everything but the identity of the network and the codes. Also what deployRoot takes. */
export const ALL_TERMS: readonly Term[] = [
  ...PARAMS,
  { key: 'promptMultiplier', field: 'promptMultiplier', parser: parse.whole },
  { key: 'cachedMultiplier', field: 'cachedMultiplier', parser: parse.whole },
  { key: 'completionMultiplier', field: 'completionMultiplier', parser: parse.whole },
  { key: 'reasoningMultiplier', field: 'reasoningMultiplier', parser: parse.whole },
];

/** The terms as given; what is not given stays. */
export function withGivenTerms<P extends FullParamsChange>(
  terms: readonly Term[],
  present: P,
  args: VerbContext<'root'>['args'],
): P {
  const given = terms.flatMap(({ key, field, parser }) => {
    const value = args.get<bigint | number>(key, parser);
    return value === undefined ? [] : [[field, value] as const];
  });
  return { ...present, ...Object.fromEntries(given) };
}

async function readTerms(terms: readonly Term[], { args, data, prompts }: VerbContext<'root'>): Promise<CocoonParams> {
  let params = withGivenTerms(terms, data.params, args);
  if (!terms.some(({ key }) => args.has(key))) {
    const keys = terms.map(({ key }) => `${key}=…`).join(', ');
    if (!prompts.interactive) throw new ScriptError('Nothing to change is given.', `Give one or more of ${keys}.`);
    for (const { key, field, parser } of terms) {
      const { [field]: now } = data.params;
      const keep = (text: string, name: string) => (text === '' ? now : (parser as Parser<typeof now>)(text, name));
      params = { ...params, [field]: await prompts.need(key, `new value, empty keeps the present one (${now})`, keep) };
    }
  }
  requireSoundTerms(params);
  return params;
}

function termsVerb(
  summary: string,
  terms: readonly Term[],
  build: (to: Address, change: FullParamsChange) => OutgoingMessage,
): Verb<'root'> {
  return {
    contract: 'root',
    summary: `${summary} for proxies deployed from now on; prices in nanoTON, stakes in TON, delays in seconds, multipliers in 1/10000`,
    keys: terms.map(({ key }) => key),
    who: 'owner',
    async prepare(context) {
      const params = await readTerms(terms, context);
      const { pricePerToken, workerFeePerToken, proxyDelayBeforeClose, clientDelayBeforeClose } = params;
      const { minProxyStake, minClientStake, promptMultiplier, cachedMultiplier } = params;
      const { completionMultiplier, reasoningMultiplier } = params;
      const change: FullParamsChange = {
        ...{ pricePerToken, workerFeePerToken, proxyDelayBeforeClose, clientDelayBeforeClose },
        ...{ minProxyStake, minClientStake, promptMultiplier, cachedMultiplier },
        ...{ completionMultiplier, reasoningMultiplier },
      };
      return {
        label: 'change the terms',
        message: build(context.address, change),
        fields: changedRows(paramsRows(context.data.params), paramsRows(params)),
        facts: [['applies to', 'proxies deployed from now on; those that exist keep their terms']],
        isDone: (root) => terms.every(({ field }) => root.params[field] === params[field]),
      };
    },
  };
}

export const changePrice = termsVerb('changes price and worker fee', PRICES, CocoonRoot.buildChangePrice);
export const changeParams = termsVerb('changes prices, delays and stakes', PARAMS, CocoonRoot.buildChangeParams);
export const changeParamsFull = termsVerb('changes all terms, multipliers included', ALL_TERMS, (to, change) =>
  CocoonRoot.buildChangeParamsFull(to, change),
);

/** The code in the file at `key`, or this release's. */
function codeFrom(args: VerbContext<'root'>['args'], key: string, contract: Parameters<typeof codeOf>[0]): Cell {
  const path = args.get(key, parse.text);
  return path === undefined ? codeOf(contract) : readCellFile(key, path);
}

const hex = (cell: Cell | null) => cell?.hash().toString('hex') ?? 'none';

export const upgradeContracts: Verb<'root'> = {
  contract: 'root',
  summary: "sets the codes of proxies, workers and clients deployed from now on; default: this release's",
  keys: ['proxyCodeFile', 'workerCodeFile', 'clientCodeFile'],
  who: 'owner',
  prepare({ address, args, data }) {
    const codes = {
      proxyCode: codeFrom(args, 'proxyCodeFile', 'proxy'),
      workerCode: codeFrom(args, 'workerCodeFile', 'worker'),
      clientCode: codeFrom(args, 'clientCodeFile', 'client'),
    };
    const names = ['proxyCode', 'workerCode', 'clientCode'] as const;
    return {
      label: 'set the codes of proxies, workers and clients',
      message: CocoonRoot.buildUpgradeContracts(address, codes),
      fields: changedRows(paramsRows(data.params), paramsRows({ ...data.params, ...codes })),
      facts: [['applies to', 'contracts deployed from now on; those that exist keep their code']],
      isDone: (root) => names.every((name) => hex(root.params[name]) === hex(codes[name])),
    };
  },
};

export const upgradeRoot: Verb<'root'> = {
  contract: 'root',
  summary: "replaces the root's own code, keeping its data; default: this release's",
  keys: ['codeFile'],
  who: 'owner',
  prepare({ address, args, contract }) {
    const code = codeFrom(args, 'codeFile', 'root');
    return {
      label: "replace the root's code",
      message: CocoonRoot.buildUpgrade(address, { code }),
      fields: [['code', `${hex(contract.code)} → ${hex(code)}`]],
      facts: [['WARNING', 'code that cannot read the present data, or take another upgrade, ends the root']],
      isDone: (_, deployed) => deployed.code.equals(code),
    };
  },
};

export const upgradeRootFull: Verb<'root'> = {
  contract: 'root',
  summary: "replaces the root's data and code together; the contract checks nothing",
  keys: ['dataFile', 'codeFile'],
  who: 'owner',
  async prepare({ address, args, contract, prompts }) {
    const path = await prompts.need('dataFile', 'BoC with the new data', parse.text);
    const data = readCellFile('dataFile', path);
    const code = codeFrom(args, 'codeFile', 'root');
    return {
      label: "replace the root's data and code",
      message: CocoonRoot.buildUpgradeFull(address, { data, code }),
      fields: [
        ['code', `${hex(contract.code)} → ${hex(code)}`],
        ...dataChange(contract.data, data, path, args.flag('force')),
      ],
      facts: [['WARNING', 'the contract checks nothing: wrong data ends the root']],
      isDone: (_, deployed) => deployed.code.equals(code) && deployed.data.equals(data),
    };
  },
};

function dataChange(before: Cell, after: Cell, path: string, force: boolean): Row[] {
  try {
    requireSoundTerms(parseRootData(after).params);
    return changedRows(contractRows('root', before), contractRows('root', after));
  } catch (error) {
    const { message } = error as Error;
    if (force) return [['data', `${hex(after)}, not understood: ${message}`]];
    throw new ScriptError(`dataFile: ${path} is no sound root data: ${message}.`, 'force=true takes it all the same.');
  }
}
