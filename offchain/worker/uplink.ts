import type { Logger } from 'pino';
import type { Clock } from '../node/clock';
import { type EngineKind, engineKindOf } from './engine-request';
import type { EngineClient } from './forward';

const PROBE_TIMEOUT_MS = 10_000;

export interface UplinkOptions {
  engine: EngineClient;
  apiKey: string | undefined;
  /** Name of the model this worker sells; an engine that lists others is warned about. */
  model: string;
  intervalMs: number;
  clock: Clock;
  logger: Logger;
  /** Called when the engine comes up or goes down. */
  onChange(up: boolean): void;
}

/** Asks the engine for its models again and again: it is up while it answers 200 with a whole body. Starts as down. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #aborter = new AbortController();
  #up = false;
  #problem = 'not probed yet';
  #kind: EngineKind = 'other';
  #warnedModels = '';
  #cancelTimer: () => void = () => undefined;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Why it is down; undefined when it is up. */
  get problem(): string | undefined {
    return this.#up ? undefined : this.#problem;
  }

  /** Known after the first successful probe. */
  get kind(): EngineKind {
    return this.#kind;
  }

  start(): void {
    void this.#tick();
  }

  stop(): void {
    this.#aborter.abort();
    this.#cancelTimer();
  }

  /** A request failed to reach the engine: look now, do not wait for the next round. */
  probeNow(): void {
    if (!this.#up || this.#aborter.signal.aborted) return;
    this.#cancelTimer();
    void this.#tick();
  }

  async #tick(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    this.#cancelTimer();
    await this.#probe();
    if (this.#aborter.signal.aborted) return;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(intervalMs, () => void this.#tick());
  }

  async #probe(): Promise<void> {
    const { engine, apiKey, clock } = this.#options;
    const timeout = new AbortController();
    const cancelTimeout = clock.after(PROBE_TIMEOUT_MS, () =>
      timeout.abort(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)),
    );
    try {
      const headers = {
        accept: 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      };
      const answer = await engine.get('/v1/models', headers, AbortSignal.any([timeout.signal, this.#aborter.signal]));
      if (answer.status !== 200) throw new Error(`GET /v1/models was answered ${answer.status}`);
      this.#read(answer.body);
      this.#set(true, '');
    } catch (error) {
      if (!this.#aborter.signal.aborted)
        this.#set(false, (error as Error).message || String((error as NodeJS.ErrnoException).code));
    } finally {
      cancelTimeout();
    }
  }

  /** The list is a hint: an engine that answers anything at all can serve. */
  #read(body: string): void {
    const models = modelsIn(body);
    this.#kind = engineKindOf(models[0]?.owned_by);
    const names = models.map(({ id }) => String(id)).join(', ');
    const { model, logger } = this.#options;
    if (models.length === 0 || models.some(({ id }) => id === model) || names === this.#warnedModels) return;
    this.#warnedModels = names;
    logger.warn(
      { model, served: names },
      `the engine lists no model "${model}": its requests will be refused there. Serve it under that name, or change "model_name"`,
    );
  }

  #set(up: boolean, problem: string): void {
    const { logger, engine, onChange } = this.#options;
    this.#problem = problem;
    if (up === this.#up) return;
    this.#up = up;
    if (up) logger.info({ engine: engine.target.origin, kind: this.#kind }, 'the engine is up');
    else logger.warn({ engine: engine.target.origin, problem }, 'the engine is down');
    onChange(up);
  }
}

function modelsIn(body: string): { id?: unknown; owned_by?: unknown }[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return []; // some engines answer this path with plain text; that they answer is what counts
  }
  const data = typeof value === 'object' && value !== null && 'data' in value ? value.data : undefined;
  return Array.isArray(data) ? data.filter((item) => typeof item === 'object' && item !== null) : [];
}
