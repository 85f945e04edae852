import { existsSync } from 'node:fs';
import type { OutgoingMessage } from '@cocoon/sdk';
import { Address, fromNano } from '@ton/core';
import type { Logger } from 'pino';
import type { Clock } from '../node/clock';
import { ActionFailedError } from './actions';
import type { ActionResult, ChannelAction } from './admin';
import { Channel, type ChannelDeps } from './channel';
import { channelFile } from './channel-file';
import { nextStep } from './channel-rules';
import { GatewayError } from './errors';
import type { ChannelTerms } from './terms';

export interface ChannelsOptions extends Omit<ChannelDeps, 'exclusive'> {
  clock: Clock;
  intervalMs: number;
  /** Version of the parameters the root has now; undefined until it has been read. */
  paramsVersion(): number | undefined;
  /** Whether a connection stands that pays through this client contract. */
  inUse(client: Address): boolean;
}

/** A step that failed is not tried again at once: each try costs gas. */
const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 3_600_000;

interface Held {
  channel: Channel;
  /** The action under way; there is one at a time for each channel (B12: it ends by outcome, failure or time-out). */
  busy: Promise<unknown> | undefined;
  failures: number;
  retryAtMs: number;
}

/** All channels of this client: one per proxy contract. Keeps each as the rules want it, and does what the owner asks. */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #held = new Map<string, Held>();
  #cancelTimer: () => void = () => undefined;
  #stopped = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  /** The channel for these terms, created on first use. @throws StateFileError */
  for(terms: ChannelTerms): Channel {
    const key = terms.client.toRawString();
    const known = this.#held.get(key);
    if (known !== undefined) return known.channel;
    const { code, data } = terms.clientInit;
    if (code && data) this.#options.chain.presume?.({ code, data });
    const channel = new Channel(terms, { ...this.#options, exclusive: (run) => this.#exclusive(held, run) });
    const held: Held = { channel, busy: undefined, failures: 0, retryAtMs: 0 };
    this.#held.set(key, held);
    return channel;
  }

  /** Whether there is, or was in an earlier run, a channel with this client contract. */
  has(client: Address): boolean {
    return this.#held.has(client.toRawString()) || existsSync(channelFile(this.#options.stateDir, client));
  }

  start(): void {
    this.#cancelTimer = this.#options.clock.after(this.#options.intervalMs, () => void this.#tick());
  }

  /** Stops looking after the channels and writes what is known to disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await Promise.all([...this.#held.values()].map(({ channel }) => channel.flush()));
  }

  stats(): Record<string, unknown>[] {
    return [...this.#held.values()].map(({ channel }) => channel.stats());
  }

  all(): Channel[] {
    return [...this.#held.values()].map(({ channel }) => channel);
  }

  async #tick(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => this.#maintain(held)));
    if (!this.#stopped) this.start();
  }

  /** Reads one channel's contract and does the next step, if there is one. Never throws: the next tick tries again. */
  async #maintain(held: Held): Promise<void> {
    const { channel } = held;
    const logger = this.#options.logger.child({ client: channel.terms.client.toString() });
    try {
      await channel.refresh();
    } catch (err) {
      logger.warn({ err }, 'the client contract could not be read');
      return;
    }
    const nowS = Math.floor(this.#options.clock.nowMs() / 1000);
    // A proxy that still works with its contract of older terms is no reason to leave it.
    const older = (this.#options.paramsVersion() ?? 0) > channel.terms.params.paramsVersion;
    channel.noteOutdated(older && !this.#options.inUse(channel.terms.client) ? nowS : undefined);
    if (held.busy !== undefined || channel.stale || this.#options.clock.nowMs() < held.retryAtMs) return;
    const message = this.#decide(channel, nowS, logger);
    if (message === undefined) return;
    try {
      await this.#exclusive(held, () => channel.perform([message]));
      held.failures = 0;
      await channel.refresh();
    } catch (err) {
      const delay = Math.min(FIRST_RETRY_MS * 2 ** held.failures, MAX_RETRY_MS);
      held.failures += 1;
      held.retryAtMs = this.#options.clock.nowMs() + delay;
      logger.warn({ err, retryInS: delay / 1000 }, 'a channel action failed');
    }
  }

  #decide(channel: Channel, nowS: number, logger: Logger): OutgoingMessage | undefined {
    const { onChain } = channel;
    if (onChain === undefined) return undefined; // opened by the handshake
    const step = nextStep({
      onChain,
      counters: { tokensMax: channel.tokensMax, tokensSigned: channel.tokensSigned },
      secretHash: this.#options.secretHash,
      pricePerToken: channel.terms.params.pricePerToken,
      closing: channel.closing,
      outdatedSinceS: channel.outdatedSinceS,
      nowS,
    });
    if (step === undefined) return undefined;
    logger.info(
      { step: step.do, ...('amount' in step ? { ton: fromNano(step.amount) } : {}) },
      'channel needs an action',
    );
    switch (step.do) {
      case 'topUp':
        return step.withSecret
          ? channel.messages.topUpAndChangeSecret(step.amount)
          : channel.messages.topUp(step.amount);
      case 'changeSecret':
        return channel.messages.changeSecret();
      case 'charge':
        return channel.chargeMessage();
      case 'requestRefund':
        return channel.messages.requestRefund();
    }
  }

  /** @throws GatewayError, see ChannelAdmin.act */
  async act(action: ChannelAction, proxy: string | undefined): Promise<ActionResult> {
    const held = this.#find(proxy);
    const { channel } = held;
    await channel.refresh().catch((error: unknown) => {
      throw new GatewayError('The chain cannot be read now. Retry shortly.', {
        status: 503,
        type: 'service_unavailable',
        code: 'chain_unavailable',
        cause: error,
      });
    });
    const { message, amount, note } = prepareAction(action, channel);
    const result = { action, proxy: channel.terms.proxy.toString(), ...(amount === undefined ? {} : { amount }) };
    if (held.busy !== undefined) {
      throw conflict(
        'another_action_running',
        'Another action on this channel is being carried out. Retry when it is done.',
      );
    }
    // Wanted from now on, also after a restart: the rules go on with it if this try fails.
    if (action === 'close') channel.requestClose();
    try {
      const [transaction] = await this.#exclusive(held, () => channel.perform([message]));
      await channel
        .refresh()
        .catch((err: unknown) => this.#options.logger.warn({ err }, 'the client contract could not be read'));
      return { ...result, status: 'done', ...(transaction === undefined ? {} : { transaction }), note };
    } catch (error) {
      if (error instanceof ActionFailedError && error.unknown) {
        return {
          ...result,
          status: 'pending',
          note: 'Sent, and not seen on chain yet. GET /jsonstats shows when the channel has changed.',
        };
      }
      throw new GatewayError(`The action failed: ${(error as Error).message}`, {
        status: 502,
        type: 'server_error',
        code: 'chain_action_failed',
        cause: error,
      });
    }
  }

  #find(proxy: string | undefined): Held {
    const all = [...this.#held.values()];
    if (proxy === undefined) {
      const [only, second] = all;
      if (only !== undefined && second === undefined) return only;
      const list = all.map(({ channel }) => channel.terms.proxy.toString()).join(', ');
      throw new GatewayError(
        only === undefined
          ? 'There is no channel yet. Wait until /readyz is ready.'
          : `There are several channels. Name one with ?proxy=<address>: ${list}.`,
        {
          status: only === undefined ? 404 : 400,
          type: 'invalid_request_error',
          code: only === undefined ? 'no_channel' : 'proxy_required',
          param: 'proxy',
        },
      );
    }
    let address: Address;
    try {
      address = Address.parse(proxy);
    } catch {
      throw new GatewayError('"proxy" is not a TON address. GET /jsonstats lists the proxies (proxy_sc_address).', {
        status: 400,
        type: 'invalid_request_error',
        code: 'invalid_value',
        param: 'proxy',
      });
    }
    // After its operator moved to new terms two channels can exist with one operator, but each has its own proxy contract.
    const found = all.find(({ channel }) => channel.terms.proxy.equals(address));
    if (found !== undefined) return found;
    throw new GatewayError(
      'There is no channel with this proxy. GET /jsonstats lists the proxies (proxy_sc_address).',
      {
        status: 404,
        type: 'not_found_error',
        code: 'no_channel',
        param: 'proxy',
      },
    );
  }

  async #exclusive<T>(held: Held, run: () => Promise<T>): Promise<T> {
    while (held.busy !== undefined) await held.busy.catch(() => undefined); // its own caller hears of its failure
    const running = run();
    held.busy = running;
    try {
      return await running;
    } finally {
      held.busy = undefined;
    }
  }
}

function prepareAction(
  action: ChannelAction,
  channel: Channel,
): { message: OutgoingMessage; amount?: bigint; note: string } {
  const { onChain } = channel;
  if (onChain === undefined)
    throw conflict('channel_not_open', 'The channel is not open yet. Wait until /readyz is ready.');
  if (onChain.state === 2)
    throw conflict('channel_closed', 'The channel is closed for good; its money is back in the wallet.');
  switch (action) {
    case 'topup': {
      if (onChain.state !== 0) throw conflict('channel_closing', 'The channel is closing and takes no more money.');
      const amount = onChain.stake;
      return { message: channel.messages.topUp(amount), amount, note: 'One stake was added to the channel.' };
    }
    case 'withdraw': {
      if (onChain.state !== 0)
        throw conflict('channel_closing', 'The channel is closing; what is left comes back at its end.');
      const amount = onChain.balance - onChain.stake;
      if (amount <= 0n) {
        throw conflict(
          'nothing_to_withdraw',
          `The channel holds ${fromNano(onChain.balance)} TON, and only what exceeds its stake of ${fromNano(onChain.stake)} TON can be withdrawn. To get everything back, close the channel.`,
        );
      }
      return {
        message: channel.messages.withdraw(),
        amount,
        note: 'What exceeded the stake is on its way to the wallet.',
      };
    }
    case 'close':
      return {
        message: channel.messages.requestRefund(),
        note: 'The channel is closing. The proxy grants the refund when the last request is settled; otherwise it is claimed after the unlock time.',
      };
    case 'charge': {
      const message = channel.chargeMessage();
      if (message === undefined)
        throw conflict(
          'no_voucher',
          'The proxy has not signed a payment for this channel yet. There is nothing to charge.',
        );
      if (channel.tokensSigned <= onChain.tokensUsed) {
        throw conflict('nothing_to_charge', 'Everything the proxy has signed for is charged already.');
      }
      const amount = (channel.tokensSigned - onChain.tokensUsed) * channel.terms.params.pricePerToken;
      return { message, amount, note: 'The used tokens are charged to the channel.' };
    }
  }
}

function conflict(code: string, message: string): GatewayError {
  return new GatewayError(message, { status: 409, type: 'invalid_request_error', code });
}
