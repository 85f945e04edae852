import { GatewayError } from '../errors';

export type Handler<C> = (call: C, rest: string) => Promise<void> | void;

export interface Route<C> {
  path: string;
  /** The path is a prefix; what follows it is handed to the handler, percent-decoded. */
  prefix?: true;
  method: 'GET' | 'POST';
  /** Inference requests are counted, also when they are refused. */
  inference?: true;
  handler: Handler<C>;
}

export type RouteTable<C> = readonly Route<C>[];

/** @throws GatewayError 404 for an unknown path, 405 with Allow for a known path and another method */
export function findRoute<C>(
  table: RouteTable<C>,
  method: string,
  path: string,
): { handler: Handler<C>; rest: string; inference: boolean } {
  const matches = table.filter((route) =>
    route.prefix ? path.startsWith(route.path) && path.length > route.path.length : route.path === path,
  );
  if (matches.length === 0) {
    throw new GatewayError(
      `There is nothing at this path. Inference is at POST /v1/chat/completions and POST /v1/completions, the models at GET /v1/models.`,
      { status: 404, type: 'not_found_error', code: 'unknown_path' },
    );
  }
  const wanted = method === 'HEAD' ? 'GET' : method;
  const route = matches.find((candidate) => candidate.method === wanted);
  if (route === undefined) {
    const allowed = [...new Set(matches.map((candidate) => candidate.method))].flatMap((name) =>
      name === 'GET' ? ['GET', 'HEAD'] : [name],
    );
    throw new GatewayError(`This path does not take ${method}. Use ${allowed[0]}.`, {
      status: 405,
      type: 'invalid_request_error',
      code: 'method_not_allowed',
      headers: { allow: [...allowed, 'OPTIONS'].join(', ') },
    });
  }
  return {
    handler: route.handler,
    rest: route.prefix ? decode(path.slice(route.path.length)) : '',
    inference: route.inference ?? false,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % is then part of the name
  }
}
