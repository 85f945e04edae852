import { type AllowlistKind, CocoonRoot, modelHash, type RootData } from '@cocoon/sdk';
import { parse } from '../arguments';
import { ScriptError } from '../script-error';
import type { Verb, VerbContext } from './verb';

/** Who may take part: images, models, registered proxies. */

const KINDS = ['worker', 'model', 'proxy'] as const;
const HASH_KEYS = ['kind=worker|model|proxy', 'hash', 'model=BASE@COMMIT:VERITY'];

const LIST_OF: Record<AllowlistKind, (root: RootData) => Set<string>> = {
  worker: (root) => root.workerHashes,
  model: (root) => root.modelHashes,
  proxy: (root) => root.proxyHashes,
};

/** A model may be given by its name: what the list has is that name's hash. */
async function readEntry({ args, prompts }: VerbContext<'root'>): Promise<{ kind: AllowlistKind; hash: Buffer }> {
  const model = args.get('model', parse.text);
  if (model !== undefined) {
    if (args.has('hash')) throw new ScriptError('Both model and hash are given.', 'Give one of them.');
    if ((args.get('kind', parse.oneOf(KINDS)) ?? 'model') !== 'model') {
      throw new ScriptError('model= goes with kind=model.', 'Give hash= for images.');
    }
    return { kind: 'model', hash: modelHash(model) };
  }
  const kind = await prompts.need('kind', 'worker, model or proxy', parse.oneOf(KINDS));
  return { kind, hash: await prompts.need('hash', `SHA-256 of the ${kind === 'model' ? kind : 'image'}`, parse.hash) };
}

export const addHash: Verb<'root'> = {
  contract: 'root',
  summary: 'allows an image of workers or proxies, or a model',
  keys: HASH_KEYS,
  who: 'owner',
  async prepare(context) {
    const { kind, hash } = await readEntry(context);
    const hex = hash.toString('hex');
    return {
      label: `allow the ${kind} hash ${hex}`,
      message: CocoonRoot.buildAllow(context.address, { kind, hash }),
      fields: [['hash', hex]],
      isDone: (root) => LIST_OF[kind](root).has(hex),
    };
  },
};

export const removeHash: Verb<'root'> = {
  contract: 'root',
  summary: 'takes an image or a model off the list',
  keys: HASH_KEYS,
  who: 'owner',
  async prepare(context) {
    const { kind, hash } = await readEntry(context);
    const hex = hash.toString('hex');
    return {
      label: `take the ${kind} hash ${hex} off the list`,
      message: CocoonRoot.buildDisallow(context.address, { kind, hash }),
      fields: [['hash', hex]],
      isDone: (root) => !LIST_OF[kind](root).has(hex),
    };
  },
};

const ENDPOINT = '"workers_ip:port" or "workers_ip:port clients_ip:port"';

export const registerProxy: Verb<'root'> = {
  contract: 'root',
  summary: 'lists a proxy under the next number',
  keys: ['endpoint'],
  who: 'owner',
  async prepare({ address, data, prompts }) {
    const endpoint = await prompts.need('endpoint', ENDPOINT, parse.endpoint);
    const [seqno] = [...data.registeredProxies].find(([, info]) => info === endpoint) ?? [];
    return {
      label: `register the proxy ${endpoint}`,
      message: CocoonRoot.buildRegisterProxy(address, { endpoint }),
      fields: [['endpoint', endpoint]],
      facts: [['number', seqno ?? data.lastProxySeqno + 1]],
      isDone: (root) => [...root.registeredProxies.values()].includes(endpoint),
    };
  },
};

export const updateProxy: Verb<'root'> = {
  contract: 'root',
  summary: "changes a registered proxy's addresses",
  keys: ['seqno', 'endpoint'],
  who: 'owner',
  async prepare({ address, data, prompts }) {
    const seqno = await prompts.need('seqno', 'number of the proxy', parse.whole);
    const old = data.registeredProxies.get(seqno);
    if (old === undefined) {
      const known = [...data.registeredProxies.keys()].join(', ') || 'none';
      throw new ScriptError(`No proxy is registered under seqno=${seqno}.`, `Registered: ${known}.`);
    }
    const endpoint = await prompts.need('endpoint', `${ENDPOINT}; now "${old}"`, parse.endpoint);
    return {
      label: `change the addresses of proxy ${seqno}`,
      message: CocoonRoot.buildUpdateProxy(address, { seqno, endpoint }),
      fields: [
        ['seqno', seqno],
        ['endpoint', `${old} → ${endpoint}`],
      ],
      isDone: (root) => root.registeredProxies.get(seqno) === endpoint,
    };
  },
};

export const unregisterProxy: Verb<'root'> = {
  contract: 'root',
  summary: 'takes a proxy off the registry',
  keys: ['seqno'],
  who: 'owner',
  async prepare({ address, data, prompts }) {
    const seqno = await prompts.need('seqno', 'number of the proxy', parse.whole);
    if (seqno > data.lastProxySeqno) {
      throw new ScriptError(`seqno=${seqno} was never given.`, `The last one is ${data.lastProxySeqno}.`);
    }
    return {
      label: `unregister proxy ${seqno}`,
      message: CocoonRoot.buildUnregisterProxy(address, { seqno }),
      fields: [['seqno', `${seqno} (${data.registeredProxies.get(seqno) ?? 'not registered'})`]],
      isDone: (root) => !root.registeredProxies.has(seqno),
    };
  },
};

export const resetRoot: Verb<'root'> = {
  contract: 'root',
  summary: 'empties the registry and all lists; there is no way back',
  keys: [],
  who: 'owner',
  prepare({ address, data }) {
    const sizes = (root: RootData) => [
      root.registeredProxies.size,
      root.proxyHashes.size,
      root.workerHashes.size,
      root.modelHashes.size,
    ];
    const [proxies, proxyImages, workerImages, models] = sizes(data);
    return {
      label: 'empty the registry and all lists',
      message: CocoonRoot.buildReset(address),
      fields: [],
      facts: [
        ['WARNING', 'this cannot be undone'],
        ['lost', `${proxies} proxies, ${proxyImages} proxy images, ${workerImages} worker images, ${models} models`],
      ],
      isDone: (root) => sizes(root).every((size) => size === 0),
    };
  },
};
