import type { ContractName } from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import { parse, type ScriptArgs } from '../arguments';
import { LiveChain } from '../chain';
import { contractRows, parsers } from '../contracts';
import { Execution } from '../execution';
import { type Row, tonAmount } from '../format';
import { isRecorded, readManifest, recordContract } from '../manifest-file';
import { Prompts } from '../prompts';
import { script } from '../script';
import { chooseAddress, readTarget } from '../target';
import * as client from './client';
import * as proxy from './proxy';
import * as registry from './root-registry';
import * as terms from './root-terms';
import type { Verb } from './verb';
import * as wallet from './wallet';
import * as worker from './worker';

const { addHash, removeHash, registerProxy, updateProxy, unregisterProxy, resetRoot } = registry;
const { changePrice, changeParams, changeParamsFull, upgradeContracts, upgradeRoot, upgradeRootFull } = terms;
const rootVerbs = {
  ...{ addHash, removeHash, registerProxy, updateProxy, unregisterProxy, resetRoot },
  ...{ changePrice, changeParams, changeParamsFull, upgradeContracts, upgradeRoot, upgradeRootFull },
};

/** Every verb by the name of its script. */
export const verbs = { ...rootVerbs, ...proxy, ...client, ...worker, ...wallet } as const;

export type VerbName = keyof typeof verbs;

/** The script of one verb, for its entry file. */
export function verbScript(name: VerbName): ReturnType<typeof script> {
  const { contract, summary, keys } = verbs[name] as Verb<ContractName>;
  const usage = { name, summary, keys: [contract, ...keys, 'value'] };
  return script(usage, async (provider, args) => {
    await runVerb(verbs[name] as Verb<ContractName>, provider, args);
  });
}

/** Reads the contract, lets the verb plan, carries the plan out and keeps the manifest true. */
export async function runVerb<C extends ContractName>(
  verb: Verb<C>,
  provider: NetworkProvider,
  args: ScriptArgs,
  options: { live?: LiveChain; interactive?: boolean } = {},
): Promise<'sent' | 'done' | 'dry'> {
  const { contract: kind } = verb;
  const live = options.live ?? new LiveChain(provider);
  const prompts = new Prompts(provider, args, options.interactive);
  const network = provider.network();
  const manifest = readManifest(network);
  const address = await chooseAddress(provider, prompts, manifest, kind);
  const target = await readTarget(live, kind, address);
  const { owner } = target.data;
  const sender = provider.sender().address;
  const actor = sender ?? owner;
  const context = { ...target, provider, live, args, prompts, actor, now: await live.now() };
  const prepared = await verb.prepare(context);
  if ('nothingToDo' in prepared) {
    provider.ui().write(`${prepared.nothingToDo} Nothing to do.`);
    return 'done';
  }

  const { label, fields, facts = [], isDone } = prepared;
  // What is not spent comes back, so that attaching more is safe where prices have risen.
  const message = { ...prepared.message, value: args.get('value', parse.ton) ?? prepared.message.value };
  const names = new Map([
    [owner.toRawString(), 'owner'],
    ...(sender === undefined
      ? []
      : ([[sender.toRawString(), sender.equals(owner) ? 'you, the owner' : 'you']] as const)),
    ...('proxy' in target.data ? ([[target.data.proxy.toRawString(), 'proxy']] as const) : []),
    [address.toRawString(), kind],
  ]);
  const result = await new Execution(provider, prompts, live).carryOut({
    title: label,
    facts: [[kind, address.toString()], ['network', network], ...facts],
    steps: [
      {
        label,
        message,
        fields,
        ...(verb.who === 'owner' ? { sender: owner } : {}),
        ...(isDone === undefined
          ? {}
          : {
              isDone: async () => {
                const contract = await live.contract(address);
                return contract !== undefined && isDone(parsers[kind](contract.data) as typeof target.data, contract);
              },
            }),
      },
    ],
    names,
    view: async (from) => {
      const contract = await from.contract(address);
      return contract === undefined
        ? []
        : [
            ['balance', tonAmount(contract.balance)] as Row,
            ['code', contract.code.hash().toString('hex')] as Row,
            ...contractRows(kind, contract.data),
          ];
    },
  });
  if (result === 'sent' && isRecorded(manifest, kind, address)) {
    recordContract(network, kind, address, await live.requireContract(address));
  }
  return result;
}
