import { z } from 'zod';
import { CliError } from '../errors';

/** What `cocoon up` was asked to do. */
export interface UpOptions {
  /** One question, settle, stop. */
  once: boolean;
  question: string;
  model: string;
  /** An OpenAI-compatible engine that runs already; without it the demo engine is started. */
  engineUrl: string | undefined;
  /** A GGUF file for node-llama-cpp, or 'random' for a tiny one written on the spot. */
  llama: string | undefined;
  maxTokens: number;
  /** Port of the OpenAI endpoint; 0 picks a free one. */
  port: number;
  /** Port of the local chain; 0 picks a free one. */
  chainPort: number;
  stateDir: string;
  json: boolean;
}

const port = z.coerce.number().int().min(0).max(65_535);

const schema = z.object({
  once: z.boolean().default(false),
  question: z.string().trim().min(1).max(100_000).default('What is a payment channel, and why does it need no trust?'),
  model: z
    .string()
    .regex(/^[^\s@]{1,200}$/, 'must be a model name without spaces or @')
    .optional(),
  engineUrl: z.url({ protocol: /^https?$/ }).optional(),
  llama: z.string().min(1).optional(),
  maxTokens: z.coerce.number().int().min(1).max(100_000).default(160),
  port: port.default(10_000),
  chainPort: port.default(10_080),
  stateDir: z.string().min(1).default('.cocoon'),
  json: z.boolean().default(false),
});

const FLAGS: Record<string, string> = {
  question: '--question',
  model: '--model',
  engineUrl: '--engine-url',
  llama: '--llama',
  maxTokens: '--max-tokens',
  port: '--port',
  chainPort: '--chain-port',
  stateDir: '--state-dir',
};

export const DEMO_MODEL = 'cocoon-demo';
export const LLAMA_MODEL = 'tiny-llama';

/** @throws CliError (exit code 2) naming the flag and what it takes. */
export function parseUpOptions(raw: Record<string, unknown>): UpOptions {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const flag = FLAGS[String(issue?.path[0])] ?? String(issue?.path[0]);
    throw new CliError(`${flag}: ${issue?.message ?? 'invalid'}.`, 'See `npx cocoon up --help`.', { exitCode: 2 });
  }
  const { engineUrl, llama, model, ...rest } = parsed.data;
  if (engineUrl !== undefined && llama !== undefined) {
    throw new CliError('--engine-url and --llama exclude each other.', 'Give one of them.', { exitCode: 2 });
  }
  if (engineUrl !== undefined && model === undefined) {
    throw new CliError(
      '--engine-url needs --model.',
      `Give the name that the engine serves: curl ${engineUrl.replace(/\/$/, '')}/v1/models`,
      { exitCode: 2 },
    );
  }
  if (rest.port !== 0 && rest.port === rest.chainPort) {
    throw new CliError(`--port and --chain-port are both ${rest.port}.`, 'Choose two different ports.', {
      exitCode: 2,
    });
  }
  return { ...rest, engineUrl, llama, model: model ?? (llama === undefined ? DEMO_MODEL : LLAMA_MODEL) };
}
