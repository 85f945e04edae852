import { checkHeaders, endToEndHeaders, HttpMessageError } from '@cocoon/sdk/protocol/http';
import type { HttpHeader, HttpRequest } from '@cocoon/sdk/protocol/tl';
import { badRequest, RequestRefused } from './errors';
import { applyEdits, type Edit, findMember, type ObjectSpan, scanObject, setMembers } from './meter/json-span';

/** What an engine's owner adds beyond the OpenAI interface, by `owned_by` of its model list. */
export type EngineKind = 'vllm' | 'cocoon-demo' | 'cocoon-llama' | 'other';

/** Engines that can report usage with every chunk; others might refuse a field they do not know. */
const REPORTS_CHUNK_USAGE: ReadonlySet<EngineKind> = new Set(['vllm', 'cocoon-demo', 'cocoon-llama']);

export function engineKindOf(ownedBy: unknown): EngineKind {
  return [...REPORTS_CHUNK_USAGE].find((kind) => kind === ownedBy) ?? 'other';
}

/** A validated request in the form in which the engine gets it. */
export interface EngineRequest {
  path: '/v1/chat/completions' | '/v1/completions';
  headers: Record<string, string>;
  body: Buffer;
  stream: boolean;
  /** This worker asked for usage with every chunk and the app did not: the meter takes it out again. */
  hideChunkUsage: boolean;
}

export interface EngineRequestOptions {
  /** Name of the model in requests: the part of the full name before '@'. */
  model: string;
  engine: EngineKind;
  /** Sent to the engine as bearer token instead of what the request carries. */
  apiKey?: string | undefined;
}

const PATHS: readonly string[] = ['/v1/chat/completions', '/v1/completions'];
/** HTTP headers are bytes; what is above them would be cut. */
const LATIN1 = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Decided by this worker: the engine's address, an answer that can be metered, no interim answers. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'accept-encoding',
  'expect',
  'cookie',
  'forwarded',
  'x-forwarded-for',
]);

/**
 * Checks a request as far as the engine cannot be trusted with it: where it goes, which model it asks, that it is metered. Fields nobody
 * here knows pass through unchanged (B26); what is changed is put in place, nothing is written anew (B16).
 * @throws RequestRefused
 */
export function toEngineRequest(request: HttpRequest, options: EngineRequestOptions): EngineRequest {
  const path = requestPath(request);
  const headers = engineHeaders(request.headers, options.apiKey);
  const { payload } = request;
  const object = parseBody(payload);
  const model = memberValue(payload, object, 'model');
  if (typeof model !== 'string') throw badRequest('"model" is missing or no string.', 'invalid_model', 'model');
  if (model !== options.model) {
    throw new RequestRefused(
      `The model "${model.slice(0, 200)}" is not served by this worker. It serves "${options.model}".`,
      {
        status: 404,
        reason: 'Not Found',
        code: 'model_not_found',
        param: 'model',
      },
    );
  }
  if (memberValue(payload, object, 'stream') !== true) {
    return { path, headers, body: payload, stream: false, hideChunkUsage: false };
  }
  const { edits, hideChunkUsage } = meteredStream(payload, object, options.engine);
  return { path, headers, body: applyEdits(payload, edits), stream: true, hideChunkUsage };
}

function requestPath({ method, url }: HttpRequest): EngineRequest['path'] {
  // An absolute URL names the app's idea of a host, which means nothing here.
  const slash = url.indexOf('/', /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0].length ?? 0);
  const path = slash === -1 ? url : url.slice(slash);
  if (!PATHS.includes(path)) {
    throw new RequestRefused(
      `There is nothing at ${JSON.stringify(path.slice(0, 200))}. This worker serves ${PATHS.join(' and ')}.`,
      {
        status: 404,
        reason: 'Not Found',
        code: 'unknown_path',
      },
    );
  }
  if (method !== 'POST') {
    throw new RequestRefused(`${JSON.stringify(method.slice(0, 20))} is not possible on ${path}. Use POST.`, {
      status: 405,
      reason: 'Method Not Allowed',
      code: 'method_not_allowed',
    });
  }
  return path as EngineRequest['path'];
}

function engineHeaders(received: readonly HttpHeader[], apiKey: string | undefined): Record<string, string> {
  try {
    checkHeaders(received);
  } catch (error) {
    if (!(error instanceof HttpMessageError)) throw error;
    throw badRequest(
      `The request has a header that cannot be sent on: ${error.message}.`,
      'invalid_header',
      error.header,
    );
  }
  const headers: Record<string, string> = Object.create(null);
  for (const { name, value } of endToEndHeaders(received)) {
    const key = name.toLowerCase();
    // Names are compared without case, each is sent once, the first counts (B15).
    if (OWN_HEADERS.has(key) || key in headers) continue;
    if (!LATIN1.test(value)) {
      throw badRequest(
        `The header ${name} has characters that HTTP cannot carry. Leave it out.`,
        'invalid_header',
        name,
      );
    }
    headers[key] = value;
  }
  headers['content-type'] ??= 'application/json';
  headers['accept-encoding'] = 'identity';
  if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`;
  return headers;
}

/** @throws RequestRefused unless the payload is one JSON object */
function parseBody(payload: Buffer): ObjectSpan {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw badRequest(`The body is not JSON: ${(error as Error).message}.`, 'invalid_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('The body must be a JSON object.', 'invalid_body');
  }
  return scanObject(payload, payload.indexOf('{'));
}

/**
 * A member's value, found by the scan: Node 24.21 may give an object a wrong key where the text has an escape in one, and a request must
 * not get past its metering by that.
 */
function memberValue(payload: Buffer, object: ObjectSpan, key: string): unknown {
  const member = findMember(object, key);
  return member === undefined ? undefined : JSON.parse(payload.toString('utf8', member.value.start, member.value.end));
}

/** A stream reports its usage only when asked; without it nobody could be paid. */
function meteredStream(
  payload: Buffer,
  object: ObjectSpan,
  engine: EngineKind,
): { edits: Edit[]; hideChunkUsage: boolean } {
  const chunkUsage = REPORTS_CHUNK_USAGE.has(engine);
  const wanted = { include_usage: 'true', ...(chunkUsage ? { continuous_usage_stats: 'true' } : {}) };
  const value = memberValue(payload, object, 'stream_options');
  const member = findMember(object, 'stream_options');
  if (value === undefined || value === null || member === undefined) {
    const text = `{${Object.entries(wanted)
      .map(([key, json]) => `"${key}":${json}`)
      .join(',')}}`;
    return { edits: setMembers(object, { stream_options: text }), hideChunkUsage: chunkUsage };
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw badRequest('"stream_options" must be an object.', 'invalid_value', 'stream_options');
  }
  const options = scanObject(payload, member.value.start);
  const asked = memberValue(payload, options, 'continuous_usage_stats') === true;
  return { edits: setMembers(options, wanted), hideChunkUsage: chunkUsage && !asked };
}
