import type { IncomingMessage } from 'node:http';
import { CHANNEL_ACTIONS, type ChannelAction, type ChannelAdmin } from '../admin';
import { badRequest, GatewayError } from '../errors';
import type { Metrics } from '../metrics';
import type { InferencePath } from '../request-body';
import type { ModelInfo, Upstream } from '../upstream';
import type { Call } from './gateway';
import { readBody } from './read-body';
import { sendJson, sendText } from './respond';
import type { Route, RouteTable } from './router';

export interface RouteDeps {
  upstream: Upstream;
  admin: ChannelAdmin;
  metrics: Metrics;
  checkApiKey(req: IncomingMessage): void;
  checkAccess(req: IncomingMessage): void;
  infer(call: Call, path: InferencePath): Promise<void>;
}

export function routes(deps: RouteDeps): RouteTable<Call> {
  const { upstream, metrics, checkApiKey, infer } = deps;
  return [
    inference('/v1/chat/completions', infer),
    inference('/v1/completions', infer),
    {
      method: 'GET',
      path: '/v1/models',
      handler: async ({ req, res }) => {
        checkApiKey(req);
        const models = await upstream.models();
        sendJson(res, 200, { object: 'list', data: models.map(modelBody) });
      },
    },
    {
      method: 'GET',
      path: '/v1/models/',
      prefix: true,
      handler: async ({ req, res }, name) => {
        checkApiKey(req);
        const model = (await upstream.models()).find((candidate) => candidate.name === name);
        if (model === undefined) {
          throw new GatewayError(`The model '${name}' is not being served. GET /v1/models lists the models that are.`, {
            status: 404,
            type: 'invalid_request_error',
            code: 'model_not_found',
            param: 'model',
          });
        }
        sendJson(res, 200, modelBody(model));
      },
    },
    { method: 'GET', path: '/healthz', handler: ({ res }) => sendText(res, 200, 'text/plain; charset=utf-8', 'ok\n') },
    {
      method: 'GET',
      path: '/readyz',
      handler: ({ res }) => {
        const reason = upstream.notReady();
        if (reason !== undefined) throw reason;
        sendJson(res, 200, { ready: true });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      handler: async ({ res }) => sendText(res, 200, metrics.registry.contentType, await metrics.registry.metrics()),
    },
    {
      method: 'GET',
      path: '/jsonstats',
      handler: async ({ res }) => sendJson(res, 200, { ...(await deps.admin.stats()), stats: metrics.stats() }),
    },
    ...CHANNEL_ACTIONS.map((action) => moneyRoute(action, deps)),
  ];
}

function inference(path: InferencePath, infer: RouteDeps['infer']): Route<Call> {
  return { method: 'POST', path, inference: true, handler: (call) => infer(call, path) };
}

const MONEY_BODY_LIMIT = 4096;

/** Money moves by POST and with the access key only: no link, image or form of a web page can start it. */
function moneyRoute(action: ChannelAction, deps: RouteDeps): Route<Call> {
  return {
    method: 'POST',
    path: `/request/${action}`,
    handler: async ({ req, res, url, logger }) => {
      deps.checkAccess(req);
      const body = await readBody(req, MONEY_BODY_LIMIT);
      const proxy = url.searchParams.get('proxy') ?? proxyInBody(body);
      logger.info({ action, proxy }, 'channel action asked for over HTTP');
      const result = await deps.admin.act(action, proxy);
      sendJson(res, result.status === 'done' ? 200 : 202, result);
    },
  };
}

/** @throws GatewayError 400 */
function proxyInBody(body: Buffer): string | undefined {
  if (body.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw badRequest('The body must be JSON such as {"proxy":"<address>"}, or empty.', 'invalid_json');
  }
  if (typeof value !== 'object' || value === null)
    throw badRequest('The body must be a JSON object such as {"proxy":"<address>"}.', 'invalid_json');
  const { proxy } = value as { proxy?: unknown };
  if (proxy === undefined || proxy === null) return undefined;
  if (typeof proxy !== 'string')
    throw badRequest('"proxy" must be the address of a proxy contract.', 'invalid_value', 'proxy');
  return proxy;
}

function modelBody(model: ModelInfo): Record<string, unknown> {
  return {
    id: model.name,
    object: 'model',
    created: 0,
    owned_by: 'cocoon',
    workers: model.workers.map((worker) => ({
      coefficient: worker.coefficient,
      running_requests: worker.activeRequests,
      max_running_requests: worker.maxActiveRequests,
    })),
  };
}
