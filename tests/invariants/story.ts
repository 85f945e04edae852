import { fromNano } from '@ton/core';
import { exitCodeName } from '../../wrappers';
import type { Delivery, InFlight } from '../support/message-pool';
import { opOf } from '../support/trace';
import { nameOf } from './cast';
import { amountIn, bouncedRequest, requestIn } from './observer';

/** What happened in a run, for whoever has to understand a failure. Nothing is put into words before it is read. */
export class Story {
  private readonly lines: (() => string)[] = [];

  /** Something a person did, or time that passed. */
  act(line: string): void {
    const number = this.lines.length + 1;
    this.lines.push(() => `${number}. ${line}`);
  }

  delivery(delivery: Delivery): void {
    this.lines.push(() => `     ${describeMessage(delivery)}: ${describeOutcome(delivery)}`);
  }

  toString(): string {
    return this.lines.map((line) => line()).join('\n');
  }
}

export function describeMessage(item: InFlight): string {
  const { src, dest, value, bounced } = item.message.info;
  const what = bounced ? `bounce of ${describeRequest(bouncedRequest(item)) ?? 'a message'}` : describeBody(item);
  return `${nameOf(src)} -> ${nameOf(dest)} ${what}, ${fromNano(value.coins)} TON`;
}

function describeBody(item: InFlight): string {
  return describeRequest(requestIn(item)) ?? describeAmount(item, opOf(item.message.body));
}

function describeAmount({ message }: InFlight, op: string): string {
  const withAmount = ['extClientTopUp', 'extProxyIncreaseStake', 'ownerClientChangeSecretHashAndTopUp'];
  return withAmount.includes(op) ? `${op} of ${fromNano(amountIn(message.body))}` : op;
}

function describeRequest(request: ReturnType<typeof requestIn>): string | undefined {
  const payload = request?.body.payload;
  if (!payload) return request && 'report';
  if (payload.kind === 'payout')
    return `payout request of ${fromNano(payload.workerPart)} + ${fromNano(payload.proxyPart)}`;
  return 'amount' in payload ? `${payload.kind} of ${fromNano(payload.amount)}` : payload.kind;
}

function describeOutcome({ tx, ok, exitCode, sent }: Delivery): string {
  if (tx === undefined) return 'received';
  const bounces = sent.some(({ message }) => message.info.bounced);
  if (exitCode === undefined) return `no code runs${bounces ? ', bounces' : ''}`;
  if (ok && exitCode === 0) return 'ok';
  const name = exitCodeName(exitCode) ?? 'unnamed';
  return `exit ${exitCode} ${name}${bounces ? ', bounces' : ', NOT bounced'}`;
}
