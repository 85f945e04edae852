import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  actionQueryId,
  bodies,
  CocoonStake,
  type DaoAction,
  modelHash,
  Op,
  packActions,
  packMeta,
  packTitle,
  parseRootData,
  type RootData,
} from '@cocoon/sdk';
import { Cell, toNano } from '@ton/core';
import { z } from 'zod';
import { CliError } from '../errors';
import { type Act, type Acting, requireOk } from './carry-out';
import { parseAddress, refused, usage } from './context';
import { actionLines, describeActions } from './describe';
import { ExitCode } from './exit-codes';
import { answerIn } from './follow';
import { stakeOf } from './status';
import { ton } from './text';

/** A proposal from a file. */

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const coins = z.string().regex(/^\d{1,10}(\.\d{1,9})?$/, 'must be TON as a text, such as "1.5"');
const listing = z.strictObject({ do: z.enum(['addModel', 'removeModel']), model: z.string().min(1) });
const image = z.strictObject({
  do: z.enum(['addProxyImage', 'removeProxyImage', 'addWorkerImage', 'removeWorkerImage']),
  hash,
});
const price = z.strictObject({
  do: z.literal('changePrice'),
  pricePerToken: z.number().int().positive(),
  workerFeePerToken: z.number().int().positive(),
});
const transfer = z.strictObject({ do: z.literal('transfer'), to: z.string(), ton: coins });
const raw = z.strictObject({ do: z.literal('raw'), to: z.string(), ton: coins, body: z.string() });
const fileSchema = z.strictObject({
  title: z.string().min(1),
  uri: z.string(),
  sha256: hash,
  actions: z.array(z.discriminatedUnion('do', [listing, image, price, transfer, raw])).max(10),
});
type Item = z.infer<typeof fileSchema>['actions'][number];

/** What goes along to the root; it returns the rest. */
const ROOT_VALUE = toNano('0.05');

export function readProposalFile(path: string): z.infer<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usage(
      `${path} cannot be read as JSON: ${(error as Error).message}.`,
      'See docs/governance-tools.md for its form.',
      error,
    );
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue?.path.join('.') || '(whole file)';
  throw usage(`${path}: ${key}: ${issue?.message}.`, 'See docs/governance-tools.md for its form.');
}

const IMAGES = {
  addProxyImage: bodies.rootAddProxyType,
  removeProxyImage: bodies.rootDelProxyType,
  addWorkerImage: bodies.rootAddWorkerType,
  removeWorkerImage: bodies.rootDelWorkerType,
} as const;

function toAction({ info }: Acting, root: RootData, item: Item, queryId: bigint): DaoAction {
  const atRoot = (body: Cell): DaoAction => ({ to: info.params.root, value: ROOT_VALUE, body, init: null });
  switch (item.do) {
    case 'addModel':
      return atRoot(bodies.rootAddModelType({ queryId, hash: modelHash(item.model) }));
    case 'removeModel':
      return atRoot(bodies.rootDelModelType({ queryId, hash: modelHash(item.model) }));
    case 'changePrice': {
      const [pricePerToken, workerFeePerToken] = [BigInt(item.pricePerToken), BigInt(item.workerFeePerToken)];
      const expectedParamsVersion = root.params.paramsVersion;
      return atRoot(bodies.rootChangePrice({ queryId, pricePerToken, workerFeePerToken, expectedParamsVersion }));
    }
    case 'transfer':
      return { to: parseAddress(item.to, 'transfer: to'), value: toNano(item.ton), body: null, init: null };
    case 'raw':
      return { to: parseAddress(item.to, 'raw: to'), value: toNano(item.ton), body: rawBody(item.body), init: null };
    default:
      return atRoot(IMAGES[item.do]({ queryId, hash: Buffer.from(item.hash, 'hex') }));
  }
}

function rawBody(text: string): Cell {
  try {
    return Cell.fromBase64(text);
  } catch (error) {
    throw usage('raw: body is no BoC in base64.', 'Give what a script prints with dryRun=true.', error);
  }
}

export async function proposeAct(context: Acting, path: string): Promise<Act> {
  const file = readProposalFile(path);
  const { info, chain } = context;
  if (!info.active) throw refused('The DAO is not active yet.', 'See `cocoon dao status`.');
  const { data } = await chain.account(info.params.root);
  if (data === undefined) throw refused('The root is not on chain.', 'See `cocoon dao verify`.');
  const root = parseRootData(data);
  // The same file gives the same actions and the same hash.
  const salt = createHash('sha256').update(JSON.stringify(file)).digest().readBigUInt64BE() >> 8n;
  const list = file.actions.map((item, index) => toAction(context, root, item, actionQueryId(salt, index)));
  const actions = list.length === 0 ? null : packActions(list);
  const stake = stakeOf(context, context.me);
  const { bond } = info.params;
  if (actions !== null) context.print(`Actions\n${actionLines((await describeActions(context, actions)).actions)}`);
  return {
    title: `propose "${file.title}"; the bond of ${ton(bond)} returns if the quorum is reached`,
    message: CocoonStake.buildPropose(stake.address, {
      title: packTitle(file.title),
      meta: packMeta({ uri: file.uri, sha256: Buffer.from(file.sha256, 'hex') }),
      actions,
      bond,
    }),
    moves: bond,
    tree: [
      'you -> your Stake: stakePropose',
      'Stake -> Dao: daoPropose',
      'Dao -> Proposal: proposalInit',
      'Dao -> Stake: proposeResult',
    ],
    names: new Map([
      [stake.address.toRawString(), 'stake'],
      [context.dao.toRawString(), 'dao'],
    ]),
    conclude: (hops) => {
      const answer = answerIn(hops, Op.proposeResult, stake.address);
      if (answer === undefined) {
        requireOk(hops);
        throw new CliError('The Dao did not answer.', 'See `cocoon dao ls`.', { exitCode: ExitCode.unknown });
      }
      const code = answer.loadUint(8);
      if (code === 0) return [`Proposal ${answer.loadUint(32)} is made: \`cocoon dao show ID\`.`];
      throw new CliError(`The Dao made no proposal (code ${code}): ${REFUSALS[code]}.`, 'The bond came back.', {
        exitCode: ExitCode.rejected,
      });
    },
  };
}

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'the UTC day changed on the way; run the command again',
  2: 'your weight is below the threshold',
  3: 'all 16 places are taken',
  4: 'you have an open proposal already',
  5: 'the actions are not what it takes',
  6: 'the actions are too large',
  7: 'the DAO is not active',
  8: 'the value does not cover bond and fees',
  9: 'the title is empty or too long',
};
