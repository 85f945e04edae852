import type { AdjustedTokens, TokenUsage } from '@cocoon/sdk/protocol/metering';
import { applyEdits, type Edit, findMember, scanObject, setMembers } from './json-span';
import { JsonSplitter } from './json-splitter';
import { Output } from './output';
import type { Found, Sink, Splitter } from './splitter';
import { SseSplitter } from './sse-splitter';
import { object, UsageCounter } from './usage';

export interface MeterOptions {
  /** content-type of the engine's answer; undefined when it has none. */
  contentType: string | undefined;
  /** Adjusted tokens by the request's coefficient and the network's multipliers. */
  adjust: (usage: TokenUsage) => AdjustedTokens;
  /** nanoTON */
  pricePerToken: bigint;
  /** Usage with every chunk was asked for by this worker, not by the app: it is counted and taken out again. */
  hideChunkUsage: boolean;
}

/**
 * Passes the body of an engine's answer on as it arrives, counts the tokens it reports, and writes their cost into the usage objects. All
 * other bytes stay as they are. Bodies: server-sent events, one JSON value, or JSON values one after another.
 */
export class Meter {
  readonly #options: MeterOptions;
  readonly #usage = new UsageCounter();
  readonly #output = new Output();
  #splitter: Splitter | undefined;

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  /** False when the engine reported no usage and content chunks are counted instead. */
  get reported(): boolean {
    return this.#usage.reported;
  }

  /** @returns the bytes that can go on now, possibly none @throws BodyTooLargeError */
  push(chunk: Buffer): Buffer {
    this.#splitter ??= this.#sniff(chunk);
    if (this.#splitter === undefined) this.#output.add(chunk);
    else this.#splitter.push(chunk);
    return this.#output.take();
  }

  /** @returns what was held back when the body ended */
  end(): Buffer {
    this.#splitter?.end();
    return this.#output.take();
  }

  rawUsage(): TokenUsage {
    return this.#usage.total();
  }

  /** Adjusted tokens of everything seen so far. */
  used(): AdjustedTokens {
    return this.#options.adjust(this.#usage.total());
  }

  /** Decided by the first byte that says something; until then white space passes through. */
  #sniff(chunk: Buffer): Splitter | undefined {
    const first = chunk.find((byte) => !(byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf)); // also skips a byte order mark
    if (first === undefined) return undefined;
    const sink: Sink = {
      raw: (bytes) => this.#output.add(bytes),
      object: (found) => this.#output.add(this.#metered(found)),
      counted: (value) => this.#usage.add(value),
    };
    const startsJson = first === 0x7b || first === 0x5b;
    const type = (this.#options.contentType ?? '').toLowerCase();
    const declaredJson = type.includes('json') && !type.includes('event-stream');
    return startsJson || declaredJson ? new JsonSplitter(sink) : new SseSplitter(sink);
  }

  #metered(found: Found): Buffer {
    this.#usage.add(found.value);
    const edits = object(found.value.usage) === undefined ? [] : this.#usageEdits(found);
    return edits.length === 0 ? (found.asItCame ?? found.bytes) : applyEdits(found.bytes, edits);
  }

  #usageEdits({ value, bytes, span }: Found): Edit[] {
    const usage = findMember(scanObject(bytes, span.start), 'usage');
    if (usage === undefined) return [];
    if (this.#options.hideChunkUsage && Array.isArray(value.choices) && value.choices.length > 0) {
      return [{ ...usage.value, text: 'null' }];
    }
    const { prompt, cached, completion, reasoning, total } = this.used();
    const price = this.#options.pricePerToken;
    return setMembers(scanObject(bytes, usage.value.start), {
      prompt_total_cost: String((prompt + cached) * price),
      completion_total_cost: String((completion + reasoning) * price),
      total_cost: String(total * price),
    });
  }
}
