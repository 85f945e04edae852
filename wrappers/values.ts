import { toNano } from '@ton/core';

/**
 * Coins attached to operations when the caller names no value, in nanoTON. What is not spent comes back as excesses,
 * so these are generous: they are what the runners of the live network attach.
 */
export const DefaultValue = {
  /** first contact of a client or worker with its proxy */
  register: toNano('1'),
  /** charge, withdraw, refund, change of secret or stake; a top-up attaches this on top of the amount */
  clientOperation: toNano('0.7'),
  /** payout vouchers of a worker */
  workerPayout: toNano('0.5'),
  /** payouts, closing, stake at the proxy; a stake increase attaches this on top of the amount */
  proxyOperation: toNano('0.7'),
  rootOperation: toNano('0.05'),
  walletOperation: toNano('0.05'),
  /** listing, rent and the like at the registrar; a listing attaches this on top of stake and rent */
  registrarOperation: toNano('0.3'),
  /** a member's operations in the DAO; a deposit attaches this on top of the amount */
  stakeOperation: toNano('0.5'),
  /** making a proposal, on top of the bond */
  proposing: toNano('1'),
  /** finalize, cancel, execute and the like */
  proposalOperation: toNano('0.5'),
  /** set-up, execution, the guardian's acts; what ten actions cost and what the registrar is told are in it */
  vaultOperation: toNano('0.3'),
  /** a proxy's state commit: the smallest coin, because the message itself is the record */
  saveState: 1n,
} as const;

/** Coins a new contract is deployed with: its storage rent, nanoTON. */
export const DeployValue = {
  root: toNano('0.1'),
  proxy: toNano('0.3'),
  client: toNano('0.8'),
  worker: toNano('0.3'),
  wallet: toNano('2.5'),
  registrar: toNano('0.3'),
  dao: toNano('1'),
  vault: toNano('0.3'),
} as const;

/** Text of a proxy that root_put_proxy lists: what fits into one cell behind the message's other fields. */
export const MOST_PUT_CHARACTERS = 78;

/** Numbers from here on are those of root_put_proxy and the registrar; register_proxy counts up from 1. */
export const FIRST_PUT_SEQNO = 1_000_000;
