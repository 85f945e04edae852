/**
 * The body of an error answer in the OpenAI shape. Engines that already use it are passed on untouched; the texts of others are wrapped.
 * @param status HTTP status of the answer, 400 and above
 */
export function answerErrorBody(body: Buffer | string, status: number): Buffer | string {
  const text = body.toString();
  const value = parse(text);
  if (isObject(value) && isObject(value.error) && typeof value.error.message === 'string') return body;
  const message = messageIn(value) ?? (text.trim() === '' ? undefined : text.trim().slice(0, 1000));
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  const code = isObject(value) && typeof value.code === 'string' ? value.code : defaultCode(status);
  const advice = status < 500 ? 'Correct the request and send it again.' : 'Retry the request.';
  const shown = message ?? `The engine answered ${status} without saying why. ${advice}`;
  return JSON.stringify({ error: { message: shown, type, param: null, code } });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // plain text or HTML: shown as it is
  }
}

function messageIn(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  for (const key of ['message', 'detail', 'error', 'msg']) {
    const found = value[key];
    if (typeof found === 'string' && found !== '') return found;
  }
  return undefined;
}

function defaultCode(status: number): string {
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limit_exceeded';
  if (status === 502 || status === 503) return 'engine_unavailable';
  if (status === 504) return 'timeout';
  return status < 500 ? 'engine_rejected_request' : 'engine_error';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
