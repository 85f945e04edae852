import type { Address, Cell, OutActionSendMsg } from '@ton/core';
import {
  CocoonState,
  type ObservedClientRequest,
  type ObservedWorkerRequest,
  Op,
  parseClientData,
  parseClientProxyRequest,
  parseSignedEnvelope,
  parseWorkerProxyRequest,
} from '../../wrappers';
import type { Delivery, InFlight } from '../support/message-pool';
import { parseProxyState } from '../support/proxy-books';
import { clientAt, clients, proxy, workerAt, workers } from './cast';
import type { Ledger } from './ledger';
import { CLIENT_REOPEN } from './reopening';

/** Turns deliveries into entries of the ledger. What a message says is read from its body, what happened from its trace. */

/** Owner's operations of a client whose body starts with the amount that they pay in. */
const DEPOSITS: readonly number[] = [Op.extClientTopUp, Op.ownerClientChangeSecretHashAndTopUp, CLIENT_REOPEN];

export function record(ledger: Ledger, delivery: Delivery): void {
  const { dest } = delivery.message.info;
  if (dest.equals(proxy.address)) atProxy(ledger, delivery);
  else if (clientAt(dest) !== undefined) atClient(ledger, delivery);
}

function atClient(ledger: Ledger, { message, ok, dataBefore, dataAfter, now }: Delivery): void {
  if (!ok || message.info.bounced || !dataAfter) return;
  const name = clientAt(message.info.dest)!;
  const op = opNumber(message.body);
  if (op !== undefined && DEPOSITS.includes(op)) ledger.deposit(name, amountIn(message.body));
  if (op === Op.extClientChargeSigned || op === Op.extClientGrantRefundSigned) {
    const { tokens } = parseSignedEnvelope(message.body).payload;
    // A client that the voucher itself brought to life held nothing before.
    ledger.charge(name, tokens!, dataBefore ? parseClientData(dataBefore).balance : 0n);
  }
  const { state } = parseClientData(dataAfter);
  const account = ledger.clients[name];
  if (state === CocoonState.normal) account.closingSince = undefined;
  else if (state === CocoonState.closing) account.closingSince ??= now;
}

function atProxy(ledger: Ledger, delivery: Delivery): void {
  const { message, ok, sent, gain, rent } = delivery;
  ledger.rent += rent;
  let unclaimed = gain + rent;
  const request = requestIn(delivery);
  if (request?.from === 'client') {
    const { name, body } = request;
    const { payload } = body;
    const bounced = sent.some((each) => each.message.info.bounced);
    if (payload?.kind === 'topUp') {
      unclaimed -= payload.amount;
      if (bounced) ledger.undoDeposit(name, payload.amount);
      if (bounced) unclaimed += payload.amount;
      // Its forward fee is the client's to pay, so the nominal amount counts, also where the fee eats it up.
      const returned = ok ? nominalPayouts(delivery, clients[name].owner) : 0n;
      ledger.sendBack(name, returned);
      unclaimed += returned;
    } else if (payload && ok) {
      const paid = payouts(sent, clients[name].owner);
      const books = delivery.dataBefore && parseProxyState(delivery.dataBefore).books;
      ledger.refund(name, paid, books?.kept === false);
      unclaimed += paid;
    }
  } else if (request?.from === 'worker') {
    const { name, body } = request;
    if (ok && body.payload?.kind === 'payout') {
      const paid = payouts(sent, workers[name].owner);
      ledger.payWorker(name, paid, body.payload.proxyPart);
      unclaimed += paid;
    }
  } else {
    if (ok && opNumber(message.body) === Op.extProxyIncreaseStake) {
      const grams = amountIn(message.body);
      ledger.stake += grams;
      unclaimed -= grams;
    }
    const paid = payouts(sent, proxy.owner);
    ledger.ownerReceived += paid;
    unclaimed += paid;
  }
  ledger.unclaimed += unclaimed;
}

export type Request =
  | { from: 'client'; name: NonNullable<ReturnType<typeof clientAt>>; body: ObservedClientRequest }
  | { from: 'worker'; name: NonNullable<ReturnType<typeof workerAt>>; body: ObservedWorkerRequest };

/** What a child contract asks its proxy in this message; undefined for any other message. */
export function requestIn({ message }: InFlight): Request | undefined {
  if (message.info.bounced) return undefined;
  const { src } = message.info;
  const client = clientAt(src);
  if (client !== undefined) {
    const body = parseClientProxyRequest(message.body);
    return body ? { from: 'client', name: client, body } : undefined;
  }
  const worker = workerAt(src);
  if (worker === undefined) return undefined;
  const body = parseWorkerProxyRequest(message.body);
  return body ? { from: 'worker', name: worker, body } : undefined;
}

/** The request whose failure this bounce reports. */
export function bouncedRequest({ message, cause }: InFlight): Request | undefined {
  return message.info.bounced && cause ? requestIn(cause) : undefined;
}

export function opNumber(body: Cell): number | undefined {
  return body.bits.length < 32 ? undefined : body.beginParse().loadUint(32);
}

/** The Coins that follow op and query id. */
export function amountIn(body: Cell): bigint {
  return body.beginParse().skip(96).loadCoins();
}

/** nanoTON that left as payouts. */
function payouts(sent: readonly InFlight[], to: Address): bigint {
  let sum = 0n;
  for (const { message } of sent) {
    const { bounced, dest, value } = message.info;
    if (!bounced && dest.equals(to) && opNumber(message.body) === Op.payout) sum += value.coins;
  }
  return sum;
}

/** nanoTON that the contract meant to pay out, before fees. */
function nominalPayouts({ tx }: Delivery, to: Address): bigint {
  const actions = (tx?.outActions ?? []).filter((action): action is OutActionSendMsg => action.type === 'sendMsg');
  let sum = 0n;
  for (const { outMsg } of actions) {
    const { info, body } = outMsg;
    if (info.type === 'internal' && info.dest.equals(to) && opNumber(body) === Op.payout) sum += info.value.coins;
  }
  return sum;
}
