import { badRequest } from './errors';
import { editMembers, type JsonMember, scanMembers } from './json-edit';

export type InferencePath = '/v1/chat/completions' | '/v1/completions';

export interface RequestDefaults {
  /** Sent as max_tokens, and reserved, when the caller names no limit. */
  maxTokens: number;
  maxCoefficient: number;
  timeoutS: number;
  maxTimeoutS: number;
}

/** What the gateway needs to know of a request, and the body to forward. */
export interface PreparedRequest {
  model: string;
  stream: boolean;
  /** Tokens that can be generated in all, over every choice and prompt. */
  maxTokens: number;
  maxCoefficient: number;
  timeoutS: number;
  enableDebug: boolean;
  requestGuid: string | undefined;
  payload: Buffer;
}

const INT32_MAX = 0x7fff_ffff;
/** Proxies drop connections that name a coefficient of 1e9 or more. */
const COEFFICIENT_MAX = 999_999_999;
const OURS = ['max_coefficient', 'timeout', 'enable_debug', 'request_guid'] as const;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Validates a request body and takes out the fields meant for this gateway. The rest of the body is forwarded as the caller wrote
 * it, byte for byte (B16): members are cut out and put in textually, so key order, number texts and big integers survive.
 * A caller without a limit gets the default one written into the body: what is reserved is then also what the model can spend.
 * @throws GatewayError 400 naming the field
 */
export function prepareRequest(body: Buffer, path: InferencePath, defaults: RequestDefaults): PreparedRequest {
  const { text, fields, members } = parseObject(body);
  const model = fields.model;
  if (typeof model !== 'string' || model.length === 0 || model.length > 512) {
    throw badRequest(
      '"model" must be the name of a model (a string). GET /v1/models lists the names.',
      'invalid_model',
      'model',
    );
  }
  const content = path === '/v1/chat/completions' ? 'messages' : 'prompt';
  if (path === '/v1/chat/completions' && !Array.isArray(fields.messages)) {
    throw badRequest(
      '"messages" must be an array of chat messages, such as [{"role":"user","content":"Hello"}].',
      'invalid_messages',
      'messages',
    );
  }
  if (path === '/v1/completions' && typeof fields.prompt !== 'string' && !Array.isArray(fields.prompt)) {
    throw badRequest('"prompt" must be a string or an array.', 'invalid_prompt', 'prompt');
  }

  const limit = optionalInt(fields, 'max_tokens', 0, INT32_MAX);
  const completionLimit = optionalInt(fields, 'max_completion_tokens', 0, INT32_MAX);
  const choices = Math.max(optionalInt(fields, 'n', 1, 1024) ?? 1, optionalInt(fields, 'best_of', 1, 1024) ?? 1);
  const perChoice = completionLimit ?? limit ?? defaults.maxTokens;
  const maxTokens = perChoice * choices * promptCount(fields[content], path);
  if (maxTokens > INT32_MAX) {
    throw badRequest(
      `This request asks for up to ${maxTokens} tokens (limit x choices x prompts); at most ${INT32_MAX} fit in one. Lower max_tokens or n.`,
      'max_tokens_too_large',
      completionLimit === undefined ? 'max_tokens' : 'max_completion_tokens',
    );
  }

  const remove = new Set<string>(OURS);
  const set = new Map<string, string>();
  if (path === '/v1/completions' && completionLimit !== undefined) {
    // Engines know max_completion_tokens for chat only.
    remove.add('max_completion_tokens');
    set.set('max_tokens', String(completionLimit));
  } else if (completionLimit !== undefined) {
    remove.add('max_tokens');
  } else if (limit === undefined) {
    remove.add('max_completion_tokens'); // it may stand there as null
    set.set('max_tokens', String(defaults.maxTokens));
  }
  const edited = editMembers(text, members, remove, set);

  return {
    model,
    stream: optionalBoolean(fields, 'stream') ?? false,
    maxTokens,
    maxCoefficient: optionalInt(fields, 'max_coefficient', 0, COEFFICIENT_MAX) ?? defaults.maxCoefficient,
    timeoutS: timeout(fields, defaults),
    enableDebug: optionalBoolean(fields, 'enable_debug') ?? false,
    requestGuid: guid(fields),
    payload: edited === undefined ? body : Buffer.from(edited, 'utf8'),
  };
}

function parseObject(body: Buffer): { text: string; fields: Record<string, unknown>; members: JsonMember[] } {
  if (body.length === 0) throw badRequest('The request body is empty. Send one JSON object.', 'empty_body');
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw badRequest('The request body is not valid UTF-8. Encode the JSON as UTF-8.', 'invalid_encoding');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `The request body is not valid JSON: ${(error as Error).message}. Send one JSON object.`,
      'invalid_json',
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('The request body must be a JSON object.', 'invalid_json');
  }
  const members = scanMembers(text);
  const seen = new Set<string>();
  for (const { key } of members) {
    // Parsers disagree on which of two wins: the limit that was reserved might not be the one the engine obeys.
    if (seen.has(key))
      throw badRequest(`The field "${key}" stands twice in the request body. Send it once.`, 'duplicate_field', key);
    seen.add(key);
  }
  return { text, fields: fieldsOf(value as Record<string, unknown>, text, members), members };
}

/**
 * The parsed members. Node 24.21 was seen to get keys with escapes wrong, depending on what it had parsed before; a field that hides
 * that way would not be bounded here and still reach the engine, so then every member is parsed by itself.
 */
function fieldsOf(
  value: Record<string, unknown>,
  text: string,
  members: readonly JsonMember[],
): Record<string, unknown> {
  if (members.every(({ key }) => Object.hasOwn(value, key))) return value;
  return Object.fromEntries(members.map(({ key, valueStart, end }) => [key, JSON.parse(text.slice(valueStart, end))]));
}

/** How many separate prompts a completions request carries: each of them may use the whole token limit. */
function promptCount(prompt: unknown, path: InferencePath): number {
  if (path === '/v1/chat/completions' || !Array.isArray(prompt)) return 1;
  const separate = prompt.some((item) => typeof item === 'string' || Array.isArray(item));
  return separate ? Math.max(1, prompt.length) : 1; // an array of numbers is one tokenised prompt
}

function optionalInt(fields: Record<string, unknown>, name: string, min: number, max: number): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw badRequest(`"${name}" must be an integer from ${min} to ${max}.`, 'invalid_value', name);
  }
  return value;
}

function optionalBoolean(fields: Record<string, unknown>, name: string): boolean | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw badRequest(`"${name}" must be true or false.`, 'invalid_value', name);
  return value;
}

function timeout(fields: Record<string, unknown>, defaults: RequestDefaults): number {
  const value = fields.timeout;
  if (value === undefined || value === null) return defaults.timeoutS;
  if (typeof value !== 'number' || !(value > 0) || value > defaults.maxTimeoutS) {
    throw badRequest(
      `"timeout" must be a number of seconds above 0 and at most ${defaults.maxTimeoutS}.`,
      'invalid_value',
      'timeout',
    );
  }
  return value;
}

function guid(fields: Record<string, unknown>): string | undefined {
  const value = fields.request_guid;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > 256) {
    throw badRequest('"request_guid" must be a string of at most 256 characters.', 'invalid_value', 'request_guid');
  }
  return value;
}
