import { bodies, CocoonRoot, type HandoverEntry, type Manifest, type OutgoingMessage } from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import { Address, beginCell, type Cell, type Transaction } from '@ton/core';
import { parse, type ScriptArgs } from './arguments';
import { LiveChain } from './chain';
import { contractRows } from './contracts';
import { Execution } from './execution';
import { listing, type Row } from './format';
import { readManifest, recordContract, updateManifest } from './manifest-file';
import { Prompts } from './prompts';
import { ScriptError } from './script-error';
import { chooseAddress, readTarget, type Target } from './target';

/**
 * Handing a root to a new owner. The contract's change_owner is one step and final: a wrong address ends the root. So the
 * new owner first proves on chain that it can send: a do_not_process message to the root, which contracts ignore, with a
 * hash that says what is accepted. Only then does the present owner let go.
 */

export interface Acceptance {
  root: Address;
  newOwner: Address;
  /** the root's version when the handover was proposed: an acceptance cannot be used for a later one */
  version: number;
}

/** Marks the hash as an acceptance: the beginning of sha256("cocoon root handover accepted"). */
const ACCEPT_TAG = 0x6b5aa2fc;
const ACCEPT_VALUE = 10_000_000n;
/** How far back an acceptance is looked for. */
const SEARCHED = 500;

/** do_not_process, query id, tag, hash of (root, new owner, version). */
export function acceptanceBody({ root, newOwner, version }: Acceptance): Cell {
  const accepted = beginCell().storeAddress(root).storeAddress(newOwner).storeUint(version, 32).endCell();
  return beginCell()
    .storeSlice(bodies.doNotProcess({ queryId: 0n }).beginParse())
    .storeUint(ACCEPT_TAG, 32)
    .storeBuffer(accepted.hash())
    .endCell();
}

export function buildAcceptance(acceptance: Acceptance): OutgoingMessage {
  return { to: acceptance.root, value: ACCEPT_VALUE, body: acceptanceBody(acceptance) };
}

/** The transaction by which the new owner accepted, undefined when there is none yet. */
export async function findAcceptance(live: LiveChain, acceptance: Acceptance): Promise<Transaction | undefined> {
  const wanted = acceptanceBody(acceptance).hash();
  const transactions = await live.transactions(acceptance.root, { limit: SEARCHED });
  return transactions.find(
    ({ inMessage }) =>
      inMessage?.info.type === 'internal' &&
      inMessage.info.src.equals(acceptance.newOwner) &&
      inMessage.body.hash().equals(wanted),
  );
}

export interface HandoverOptions {
  live?: LiveChain;
  interactive?: boolean;
}

interface Situation {
  provider: NetworkProvider;
  args: ScriptArgs;
  prompts: Prompts;
  live: LiveChain;
  manifest: Manifest;
  root: Target<'root'>;
}

async function situation(provider: NetworkProvider, args: ScriptArgs, options: HandoverOptions): Promise<Situation> {
  const live = options.live ?? new LiveChain(provider);
  const prompts = new Prompts(provider, args, options.interactive);
  const manifest = readManifest(provider.network());
  const address = await chooseAddress(provider, prompts, manifest, 'root');
  return { provider, args, prompts, live, manifest, root: await readTarget(live, 'root', address) };
}

/** The proposal that stands: for this root, and made while it had the owner it has now. */
function openProposal({ manifest, root }: Situation): HandoverEntry | undefined {
  const { handover } = manifest;
  if (handover === undefined || !Address.parse(handover.root).equals(root.address)) return undefined;
  return Address.parse(handover.from).equals(root.data.owner) ? handover : undefined;
}

/** First run: writes the proposal down. Once the new owner has accepted: sends change_owner. */
export async function runHandover(
  provider: NetworkProvider,
  args: ScriptArgs,
  options: HandoverOptions = {},
): Promise<'proposed' | 'waiting' | 'sent' | 'done' | 'dry'> {
  const it = await situation(provider, args, options);
  const { root, live, prompts } = it;
  const newOwner = await prompts.need('newOwner', 'address of the new owner', parse.address);
  if (root.data.owner.equals(newOwner)) {
    provider.ui().write(`${newOwner} is the owner already. Nothing to do.`);
    await finish(it);
    return 'done';
  }
  const known = openProposal(it);
  const proposal = known && Address.parse(known.newOwner).equals(newOwner) ? known : undefined;
  const acceptance = { root: root.address, newOwner, version: proposal?.rootVersion ?? root.data.version };
  const proof = await findProof(it, acceptance);
  if (proof === undefined) {
    if (proposal === undefined) propose(it, acceptance);
    explain(it, acceptance, proposal === undefined);
    return proposal === undefined ? 'proposed' : 'waiting';
  }

  const { owner } = root.data;
  const sender = provider.sender().address;
  const result = await new Execution(provider, prompts, live).carryOut({
    title: 'hand the root over',
    facts: [['root', root.address.toString()], ['network', provider.network()], ...proof],
    steps: [
      {
        label: `make ${newOwner} the owner`,
        message: CocoonRoot.buildChangeOwner(root.address, { newOwner }),
        fields: [['owner', `${owner} → ${newOwner}`]],
        sender: owner,
        isDone: async () => (await readTarget(live, 'root', root.address)).data.owner.equals(newOwner),
      },
    ],
    names: new Map([
      ...(sender ? ([[sender.toRawString(), 'you']] as const) : []),
      [owner.toRawString(), 'present owner'],
      [newOwner.toRawString(), 'new owner'],
      [root.address.toRawString(), 'root'],
    ]),
    view: async (from) => {
      const contract = await from.contract(root.address);
      return contract === undefined ? [] : contractRows('root', contract.data);
    },
  });
  if (result !== 'dry') await finish(it);
  return result;
}

/** Facts for the plan that say why the new owner is trusted to exist; undefined while nothing does. */
async function findProof({ args, live }: Situation, acceptance: Acceptance): Promise<Row[] | undefined> {
  const accepted = await findAcceptance(live, acceptance);
  if (accepted !== undefined) return [['accepted in', accepted.hash().toString('hex')]];
  const hash = args.get('acceptedBy', parse.hash);
  if (hash !== undefined) {
    const transactions = await live.transactions(acceptance.root, { limit: SEARCHED });
    const named = transactions.find((transaction) => transaction.hash().equals(hash));
    if (named === undefined) {
      throw new ScriptError(
        `acceptedBy: the root has no such transaction among its last ${SEARCHED}.`,
        'Give the hash of a transaction of the root itself.',
      );
    }
    const info = named.inMessage?.info;
    if (info?.type !== 'internal' || !info.src.equals(acceptance.newOwner)) {
      throw new ScriptError(
        'acceptedBy: that message did not come from the new owner.',
        `It must come from ${acceptance.newOwner}.`,
      );
    }
    return [['accepted in', `${hash.toString('hex')} (any message of the new owner, as acceptedBy says)`]];
  }
  if (!args.flag('force')) return undefined;
  const account = await live.account(acceptance.newOwner);
  return [
    ['WARNING', 'NOBODY HAS SHOWN THAT THE NEW OWNER CAN SEND A MESSAGE (force=true)'],
    ['WARNING', 'IF THE ADDRESS IS WRONG, THE ROOT IS LOST FOR EVER'],
    ['new owner is', account.status === 'active' ? 'a contract' : `${account.status}: NO CONTRACT LIVES THERE`],
  ];
}

function propose({ provider, root }: Situation, { newOwner, version }: Acceptance): void {
  const handover = {
    root: root.address.toString(),
    from: root.data.owner.toString(),
    newOwner: newOwner.toString(),
    rootVersion: version,
  };
  const path = updateManifest(provider.network(), (manifest) => ({ ...manifest, handover }));
  provider.ui().write(`Proposal written to ${path}. Nothing was sent.`);
}

function explain({ provider }: Situation, acceptance: Acceptance, fresh: boolean): void {
  const { root, newOwner, version } = acceptance;
  const { value, body } = buildAcceptance(acceptance);
  provider.ui().write(
    `${fresh ? 'Next' : 'Not accepted yet'}: the new owner runs\n${listing([
      ['command', `blueprint run acceptHandover root=${root} version=${version}`],
      ['as', newOwner.toString()],
      ['or sends', `${value} nanoTON to the root with the body ${body.toBoc().toString('base64')}`],
      ['then', `the present owner runs handover newOwner=${newOwner} again`],
      [
        'a DAO',
        'that cannot send this gives acceptedBy=HASH of another transaction it made at the root, or force=true',
      ],
    ])}`,
  );
}

/** The manifest forgets the proposal and learns the owner. */
async function finish({ provider, live, root }: Situation): Promise<void> {
  const contract = await live.requireContract(root.address);
  const network = provider.network();
  recordContract(network, 'root', root.address, contract);
  updateManifest(network, ({ handover: _, ...manifest }) => manifest);
}

/** The new owner shows that it exists, can send, and wants this root. */
export async function runAcceptHandover(
  provider: NetworkProvider,
  args: ScriptArgs,
  options: HandoverOptions = {},
): Promise<'sent' | 'done' | 'dry'> {
  const it = await situation(provider, args, options);
  const { root, live, prompts } = it;
  const proposal = openProposal(it);
  const newOwner =
    provider.sender().address ??
    (await prompts.need('newOwner', 'your address, unknown with a deep link', parse.address));
  if (root.data.owner.equals(newOwner)) {
    provider.ui().write(`${newOwner} is the owner already. Nothing to do.`);
    return 'done';
  }
  if (proposal !== undefined && !Address.parse(proposal.newOwner).equals(newOwner)) {
    throw new ScriptError(
      `The root is offered to ${proposal.newOwner}, and you are ${newOwner}.`,
      'Use the wallet of the new owner.',
    );
  }
  const version = args.get('version', parse.whole) ?? proposal?.rootVersion ?? root.data.version;
  const acceptance = { root: root.address, newOwner, version };
  return new Execution(provider, prompts, live).carryOut({
    title: 'accept the root',
    facts: [
      ['root', root.address.toString()],
      ['network', provider.network()],
      ['present owner', root.data.owner.toString()],
    ],
    steps: [
      {
        label: 'show that the new owner can send (the root ignores the message)',
        message: buildAcceptance(acceptance),
        fields: [
          ['new owner', newOwner.toString()],
          ['root version', version],
        ],
        sender: newOwner,
        isDone: async () => (await findAcceptance(live, acceptance)) !== undefined,
      },
    ],
    names: new Map([
      [newOwner.toRawString(), 'you, the new owner'],
      [root.address.toRawString(), 'root'],
    ]),
  });
}
