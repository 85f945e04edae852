import { fromNano } from '@ton/core';
import { exitCodeName } from '../../../wrappers';
import type { Delivery } from '../../support/message-pool';
import type { Cast } from './cast';
import { said } from './said';

/** What happened in a run, for whoever has to understand a failure. Nothing is put into words before it is read. */
export class Story {
  private readonly lines: (() => string)[] = [];

  constructor(private readonly cast: Cast) {}

  act(line: string): void {
    const number = this.lines.length + 1;
    this.lines.push(() => `${number}. ${line}`);
  }

  delivery(delivery: Delivery): void {
    this.lines.push(() => `     ${this.describe(delivery)}`);
  }

  toString(): string {
    return this.lines.map((line) => line()).join('\n');
  }

  private describe({ message, tx, ok, exitCode, sent, now }: Delivery): string {
    const { src, dest, value, bounced } = message.info;
    const what = `${bounced ? 'bounce of ' : ''}${said(message).op ?? 'something else'}`;
    const time = new Date(now * 1_000).toISOString().slice(0, 19);
    const bounces = sent.some((each) => each.message.info.bounced);
    const failed = exitCode === undefined ? 'not taken' : `exit ${exitCode} ${exitCodeName(exitCode) ?? ''}`;
    const outcome = ok ? (tx === undefined ? 'received' : 'ok') : `${failed}${bounces ? ', bounces' : ''}`;
    return `${time} ${this.cast.nameOf(src)} -> ${this.cast.nameOf(dest)} ${what}, ${fromNano(value.coins)} TON: ${outcome}`;
  }
}
