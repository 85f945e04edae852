import { Address, Cell } from '@ton/core';
import { z } from 'zod';
import { parseAmount } from './amounts';
import { parseMultiplier, parseShare, parseSpan, parseTime } from './spans';

/**
 * What a proposal's file may say. All scalars come as texts (a hash of digits only must not become a number), amounts and
 * spans carry their unit. Keys are those of the TL-B lines.
 */

/** @param read returns the value, or what is wrong with the text */
function written<T>(read: (text: string) => T | { problem: string }) {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (typeof value !== 'object' || value === null || !('problem' in value)) return value as T;
    context.addIssue({ code: 'custom', message: value.problem });
    return z.NEVER;
  });
}

const amount = written(parseAmount);
const span = written(parseSpan);
const share = written(parseShare);
const multiplier = written(parseMultiplier);
const time = written(parseTime);

const hash = written((text) =>
  /^(0x)?[0-9a-f]{64}$/i.test(text)
    ? Buffer.from(text.slice(-64), 'hex')
    : { problem: `"${text}" is no hash: give 64 hex digits` },
);

const address = written((text) => {
  try {
    return Address.parse(text);
  } catch {
    return { problem: `"${text}" is no address: give EQ…, UQ… or 0:<64 hex digits>` };
  }
});

const addressOrNone = written((text) => {
  if (text === 'none') return null;
  try {
    return Address.parse(text);
  } catch {
    return { problem: `"${text}" is no address: give EQ…, UQ… or 0:<64 hex digits>, or none` };
  }
});

const cell = written((text) => {
  const compact = text.replace(/\s+/g, '');
  try {
    const bytes = /^[0-9a-f]+$/i.test(compact) ? Buffer.from(compact, 'hex') : Buffer.from(compact, 'base64');
    const roots = Cell.fromBoc(bytes);
    return roots.length === 1 ? roots[0]! : { problem: `is a bag of ${roots.length} roots: one is needed` };
  } catch {
    return { problem: 'is no cell: give a BoC in hex or base64' };
  }
});

const count = (most: number) =>
  written((text) =>
    /^\d+$/.test(text) && Number(text) <= most
      ? Number(text)
      : { problem: `"${text}" is no whole number from 0 to ${most}` },
  );
const u32 = count(0xffffffff);

const yesOrNo = written((text) =>
  text === 'yes' || text === 'true'
    ? true
    : text === 'no' || text === 'false'
      ? false
      : { problem: `"${text}" is neither yes nor no` },
);

const endpoint = z.string().min(3).max(127);

/** Coins that go along; where it is left out, what the operation usually takes. */
const common = { value: amount.optional() };

function action<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z.object({ type: z.literal(type), ...common, ...shape }).strict();
}

const prices = { price_per_token: amount, worker_fee_per_token: amount };

const paramsShape = {
  price_per_token: amount.optional(),
  worker_fee_per_token: amount.optional(),
  prompt_tokens_price_multiplier: multiplier.optional(),
  cached_tokens_price_multiplier: multiplier.optional(),
  completion_tokens_price_multiplier: multiplier.optional(),
  reasoning_tokens_price_multiplier: multiplier.optional(),
  proxy_delay_before_close: span.optional(),
  client_delay_before_close: span.optional(),
  min_proxy_stake: amount.optional(),
  min_client_stake: amount.optional(),
};

const daoParamsShape = {
  warmup: count(14).optional(),
  voting_delay: span.optional(),
  voting_period: span.optional(),
  extension: span.optional(),
  critical_timelock: span.optional(),
  grace: span.optional(),
  threshold_bps: share.optional(),
  threshold_floor: amount.optional(),
  quorum_normal_bps: share.optional(),
  quorum_critical_bps: share.optional(),
  quorum_floor: amount.optional(),
  approval_normal_bps: share.optional(),
  approval_critical_bps: share.optional(),
  bond: amount.optional(),
  root: address.optional(),
  transfer_cap: amount.optional(),
  activation_stake: amount.optional(),
  activation_members: u32.optional(),
};

const limitsShape = {
  delay_normal: span.optional(),
  delay_critical: span.optional(),
  grace: span.optional(),
  exit_delay: span.optional(),
  spend_cap_bps: share.optional(),
};

const registrarShape = {
  min_stake: amount.optional(),
  rent: amount.optional(),
  period: span.optional(),
  close_delay: span.optional(),
  max_listings: count(256).optional(),
  paused: yesOrNo.optional(),
};

/** One of the two: what the root lists, or the name "base@commit:verity" that it is the hash of. */
const modelShape = { hash: hash.optional(), model: z.string().min(1).optional() };

export const actionSchema = z.discriminatedUnion('type', [
  action('add_model', modelShape),
  action('del_model', modelShape),
  action('add_worker_image', { hash }),
  action('del_worker_image', { hash }),
  action('add_proxy_image', { hash }),
  action('del_proxy_image', { hash }),
  action('register_proxy', { endpoint }),
  action('update_proxy', { seqno: u32, endpoint }),
  action('unregister_proxy', { seqno: u32 }),
  action('change_price', prices),
  action('change_params', paramsShape),
  action('upgrade_contracts', {
    proxy_code: cell.optional(),
    worker_code: cell.optional(),
    client_code: cell.optional(),
  }),
  action('upgrade_root', { code: cell, data: cell.optional() }),
  action('change_owner', { owner: address }),
  action('transfer', { to: address, amount, comment: z.string().min(1).max(512).optional() }),
  action('dao_params', daoParamsShape),
  action('dao_upgrade', { code: cell, data: cell.optional() }),
  action('vault_limits', limitsShape),
  action('vault_guardian', { guardian: addressOrNone, until: time }),
  action('vault_governor', { governor: address }),
  action('vault_network', { root: address.optional(), registrar: addressOrNone.optional() }),
  action('registrar_terms', registrarShape),
  action('raw', { to: address, amount, body: cell.optional(), init_code: cell.optional(), init_data: cell.optional() }),
]);

export type ActionSpec = z.output<typeof actionSchema>;
export type ActionType = ActionSpec['type'];

const salt = written((text) =>
  /^[0-9a-f]{1,14}$/i.test(text) ? BigInt(`0x${text}`) : { problem: `"${text}" is no salt: give up to 14 hex digits` },
);

export const proposalSchema = z
  .object({
    title: z.string(),
    /** where the text can be read */
    uri: z.string().min(1).max(500),
    /** the text itself, or the file that it stands in */
    text: z.string().optional(),
    text_file: z.string().min(1).optional(),
    /** hex; where it is left out it follows from the actions */
    salt: salt.optional(),
    actions: z.array(actionSchema).default([]),
  })
  .strict();

export type ProposalSpec = z.output<typeof proposalSchema>;
