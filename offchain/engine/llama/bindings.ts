import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The part of node-llama-cpp that is used here. The package is optional, so its own types cannot be imported. */

export type Token = number & { readonly __token?: never };

export interface LlamaSequence {
  readonly nextTokenIndex: number;
  readonly contextTokens: readonly Token[];
  /** Keeps the longest common beginning with these tokens and forgets the rest. */
  adaptStateToTokens(tokens: Token[], allowShift?: boolean): Promise<void>;
  evaluate(tokens: Token[], options: EvaluateOptions): AsyncGenerator<Token, void, undefined>;
}

export interface EvaluateOptions {
  temperature: number;
  topP?: number;
  seed?: number;
  yieldEogToken: boolean;
}

export interface LlamaContext {
  getSequence(): LlamaSequence;
  dispose(): Promise<void>;
}

export interface LlamaText {
  tokenize(tokenizer: unknown): Token[];
}

export interface LlamaModel {
  readonly tokenizer: unknown;
  readonly trainContextSize: number;
  tokenize(text: string, specialTokens?: boolean): Token[];
  detokenize(tokens: readonly Token[], specialTokens?: boolean, lastTokens?: readonly Token[]): string;
  isEogToken(token: Token): boolean;
  createContext(options: { sequences: number; contextSize: number; threads: number }): Promise<LlamaContext>;
  dispose(): Promise<void>;
}

export type HistoryItem = { type: 'system' | 'user'; text: string } | { type: 'model'; response: string[] };

export interface ChatWrapper {
  generateContextState(options: { chatHistory: readonly HistoryItem[] }): { contextText: LlamaText };
}

export interface Llama {
  loadModel(options: { modelPath: string }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}

export interface LlamaModule {
  getLlama(options: {
    gpu: false;
    build: 'never';
    skipDownload: true;
    maxThreads: number;
    logLevel: string;
    progressLogs: false;
  }): Promise<Llama>;
  resolveChatWrapper(model: LlamaModel): ChatWrapper;
}

export const LLAMA_PACKAGE = 'node-llama-cpp';
export const LLAMA_INSTALL = 'npm run engine:llama';

/** node-llama-cpp is not installed. The message has the command that installs it. */
export class LlamaMissingError extends Error {
  readonly code = 'LLAMA_MISSING';

  constructor(cause: unknown) {
    super(
      `This engine needs the package ${LLAMA_PACKAGE}, which is optional and not installed. Run: ${LLAMA_INSTALL}`,
      { cause },
    );
    this.name = 'LlamaMissingError';
  }
}

/** @throws LlamaMissingError, or what the package throws while it loads */
export async function loadLlama(load: () => Promise<unknown> = importLlama): Promise<LlamaModule> {
  try {
    return (await load()) as LlamaModule;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    // A package that is there and lacks a part of its own is another matter.
    if (missing && message.includes(LLAMA_PACKAGE)) throw new LlamaMissingError(error);
    throw error;
  }
}

/** Where `npm run engine:llama` puts the package. */
const OWN_FOLDER = join(__dirname, '..', '..', '..', '.llama', 'node_modules', LLAMA_PACKAGE);

/** The package from our folder for it, else one that is installed as a dependency. */
async function importLlama(): Promise<unknown> {
  // The name in a variable: the compiler must not look for a package that need not be there.
  const name: string = LLAMA_PACKAGE;
  if (!existsSync(OWN_FOLDER)) return import(name);
  const { main } = JSON.parse(readFileSync(join(OWN_FOLDER, 'package.json'), 'utf8')) as { main: string };
  return import(pathToFileURL(join(OWN_FOLDER, main)).href);
}
