import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Logger } from 'pino';
import { type EngineClock, systemClock } from './clock';
import { type EngineServer, serveEngine } from './http-server';
import { loadLlama } from './llama/bindings';
import { LlamaTextEngine } from './llama/llama-model';
import { writeTinyGguf } from './write-gguf';

export { LlamaMissingError } from './llama/bindings';

export interface LlamaEngineOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** 0 picks a free one. */
  port: number;
  /** Name under which the model is served. */
  model: string;
  /** A GGUF file; without it a tiny model with random weights is written and used. */
  modelPath?: string;
  /** Of the random weights, and of sampling where a request names none. Default 1. */
  seed?: number;
  /** Answers that are computed at the same time. Default 4. */
  parallel?: number;
  /** Where the tiny model is written. Default: the system's directory for temporary files. */
  cacheDir?: string;
  logger: Logger;
  clock?: EngineClock;
  /** Imports node-llama-cpp; for tests. */
  load?: () => Promise<unknown>;
}

/** Larger contexts cost memory for every parallel answer. */
const MAX_CONTEXT = 8192;
/** Two threads spin against each other on small machines and are ten times slower than one. */
const THREADS = 1;

/**
 * An OpenAI-compatible server that runs a GGUF model with llama.cpp on one CPU thread. Nothing is compiled and nothing is downloaded.
 * @throws LlamaMissingError when node-llama-cpp is not installed; Error naming the file or the port that cannot be used
 */
export async function startLlamaEngine(options: LlamaEngineOptions): Promise<EngineServer> {
  const { host = '127.0.0.1', port, model, seed = 1, parallel = 4, logger, clock = systemClock } = options;
  const module = await loadLlama(options.load);
  const modelPath = options.modelPath ?? writeTinyGguf(options.cacheDir ?? tmpdir(), seed);
  if (!existsSync(modelPath)) throw new Error(`There is no model file at ${modelPath}. Give the path of a GGUF file.`);
  const llama = await module.getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: THREADS,
    logLevel: 'error',
    progressLogs: false,
  });
  try {
    const llamaModel = await llama.loadModel({ modelPath });
    const contextSize = Math.min(llamaModel.trainContextSize, MAX_CONTEXT);
    const context = await llamaModel.createContext({ sequences: parallel, contextSize, threads: THREADS });
    const engine = new LlamaTextEngine({
      model,
      seed,
      maxModelLen: contextSize,
      llamaModel,
      wrapper: module.resolveChatWrapper(llamaModel),
      sequences: Array.from({ length: parallel }, () => context.getSequence()),
      dispose: () => llama.dispose(),
    });
    logger.info({ modelPath, contextSize, parallel }, 'model loaded');
    return await serveEngine({ host, port, engine, clock, logger });
  } catch (error) {
    await llama.dispose();
    throw error;
  }
}
