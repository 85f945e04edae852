import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codeOf, codeOfAsync, INTEL_NOW_MS, intelCollateral, intelQuotes } from '../testing/fixtures';
import { Pccs } from './pccs';
import { INTEL_ROOT_KEY_ID } from './roots';
import { verifyTdxQuote } from './verify';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const KEY = { fmspc: 'b0c06f000000', authority: 'platform' } as const;
const chain = (pem: string) => encodeURIComponent(pem);

let server: Server;
let url: string;
let handle: Handler;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
});

/** What Intel's service (DER, no root list) or a cache of it (hex) answers. */
function service(form: 'intel' | 'cache', change: Record<string, Handler> = {}): Handler {
  const list = (hex: string) => (form === 'intel' ? Buffer.from(hex, 'hex') : hex);
  const c = intelCollateral;
  const answers: Record<string, Handler> = {
    '/sgx/certification/v4/pckcrl?ca=platform&encoding=der': (_, response) =>
      response.setHeader('SGX-PCK-CRL-Issuer-Chain', chain(c.pck_crl_issuer_chain ?? '')).end(list(c.pck_crl)),
    '/tdx/certification/v4/tcb?fmspc=b0c06f000000': (_, response) =>
      response
        .setHeader('TCB-Info-Issuer-Chain', chain(c.tcb_info_issuer_chain))
        .end(`{"tcbInfo":${c.tcb_info},"signature":"${c.tcb_info_signature}"}`),
    '/tdx/certification/v4/qe/identity': (_, response) =>
      response
        .setHeader('SGX-Enclave-Identity-Issuer-Chain', chain(c.qe_identity_issuer_chain))
        .end(`{"enclaveIdentity":${c.qe_identity},"signature":"${c.qe_identity_signature}"}`),
    ...(form === 'cache' ? { '/sgx/certification/v4/rootcacrl': (_, response) => response.end(c.root_ca_crl) } : {}),
    '/root.der': (_, response) => response.end(Buffer.from(c.root_ca_crl, 'hex')),
    ...change,
  };
  return (request, response) => {
    const answer = answers[request.url ?? ''];
    if (answer === undefined) response.writeHead(404).end('not here');
    else answer(request, response);
  };
}

const pccs = (timeoutMs = 5000) => new Pccs({ url: `${url}/`, rootCrlUrl: `${url}/root.der`, timeoutMs });

test.each(['intel', 'cache'] as const)(
  'what the service (%s) publishes is put together as Intel signed it',
  async (form) => {
    handle = service(form);
    const collateral = await pccs().fetch(KEY);
    expect(collateral).toEqual(intelCollateral);
    expect(asked.includes('/root.der')).toBe(form === 'intel');
    // The last step is reached, so every signature over what was fetched holds.
    const verify = () => verifyTdxQuote(intelQuotes[0], collateral, INTEL_NOW_MS, [INTEL_ROOT_KEY_ID]);
    expect(codeOf(verify)).toBe('TCB_OUT_OF_DATE');
  },
);

const TCB = '/tdx/certification/v4/tcb?fmspc=b0c06f000000';
test.each<[string, Handler, string]>([
  ['does not know the processor', (_, response) => response.writeHead(404).end(), 'COLLATERAL_UNAVAILABLE'],
  ['fails', (_, response) => response.writeHead(500).end(), 'COLLATERAL_UNAVAILABLE'],
  ['redirects', (_, response) => response.writeHead(302, { location: '/x' }).end(), 'COLLATERAL_UNAVAILABLE'],
  [
    'ends in the middle',
    (request, response) => response.writeHead(200, { 'content-length': 99 }).write('{', () => request.socket.destroy()),
    'COLLATERAL_UNAVAILABLE',
  ],
  ['hangs up', (request) => request.socket.destroy(), 'COLLATERAL_UNAVAILABLE'],
  ['sends without end', (_, response) => response.end(Buffer.alloc(5 * 1024 * 1024)), 'COLLATERAL_UNAVAILABLE'],
  ['answers with a page', (_, response) => response.end('<html>'), 'COLLATERAL_MALFORMED'],
  [
    'sends a chain that is no text',
    (_, response) => response.setHeader('TCB-Info-Issuer-Chain', '%E0%A4%A').end('{"tcbInfo":{},"signature":"00"}'),
    'COLLATERAL_MALFORMED',
  ],
  ['leaves the signature out', (_, response) => response.end('{"tcbInfo":{}}'), 'COLLATERAL_MALFORMED'],
])('a service that %s is an error by name', async (_, answer, code) => {
  handle = service('cache', { [TCB]: answer });
  expect(await codeOfAsync(() => pccs().fetch(KEY))).toBe(code);
});

test('a service that never answers is given up', async () => {
  handle = service('cache', { [TCB]: () => undefined });
  expect(await codeOfAsync(() => pccs(200).fetch(KEY))).toBe('COLLATERAL_UNAVAILABLE');
});

test('a document that is not written as it was signed does not become one that is', async () => {
  const spaced = intelCollateral.tcb_info.replace('{', '{ ');
  handle = service('cache', {
    [TCB]: (_, response) =>
      response
        .setHeader('TCB-Info-Issuer-Chain', chain(intelCollateral.tcb_info_issuer_chain))
        .end(`{"tcbInfo":${spaced},"signature":"${intelCollateral.tcb_info_signature}"}`),
  });
  const collateral = await pccs().fetch(KEY);
  const verify = () => verifyTdxQuote(intelQuotes[0], collateral, INTEL_NOW_MS, [INTEL_ROOT_KEY_ID]);
  expect(codeOf(verify)).toBe('COLLATERAL_MALFORMED');
});
