import type { Logger } from 'pino';
import { type EngineClock, systemClock } from './clock';
import { DemoModel } from './demo/demo-model';
import { type EngineServer, serveEngine } from './http-server';

export type { EngineClock } from './clock';
export type { EngineServer } from './http-server';

export interface DemoEngineOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** 0 picks a free one. */
  port: number;
  /** Name under which the model is served. */
  model: string;
  /** Same seed and same question: same answer. Default 1. */
  seed?: number;
  /** Default 40. */
  tokensPerSecond?: number;
  /** Most tokens of prompt and answer together. Default 32768. */
  maxModelLen?: number;
  logger: Logger;
  clock?: EngineClock;
}

/**
 * An OpenAI-compatible server that needs no GPU and no download: it writes readable, seeded sentences around the words of the question, at a
 * steady pace and with honest token counts, and every answer says first that it is a demo.
 */
export function startDemoEngine(options: DemoEngineOptions): Promise<EngineServer> {
  const { seed = 1, tokensPerSecond = 40, maxModelLen = 32_768, clock = systemClock } = options;
  if (!(tokensPerSecond > 0)) throw new RangeError(`tokensPerSecond is ${tokensPerSecond}; it must be above 0`);
  const engine = new DemoModel({ model: options.model, seed, tokensPerSecond, maxModelLen, clock });
  return serveEngine({ host: options.host ?? '127.0.0.1', port: options.port, engine, clock, logger: options.logger });
}
