import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateTl } from '../../../tools/generate-tl';
import { declarationId, parseTlSchema, TlSchemaError } from '../../../tools/tl-parser';
import { tlTable } from '../../generated/tl';
import { TL_SCHEMA } from './schema';

/** The ids of the live network, as observed. Not derived from the schema text: that is what this test is for. */
const LIVE_IDS: Record<string, string> = {
  'tcp.ping': 'bbe9627c',
  'tcp.pong': '0bd4302c',
  'tcp.packet': '9c17baf8',
  'tcp.query': '3af51908',
  'tcp.queryAnswer': 'c048c311',
  'tcp.queryError': '4cd2f602',
  'tcp.connect': 'a57c4261',
  'tcp.connected': '636d41d6',
  tokensUsed: '70c5b15c',
  'client.params': '40fdca64',
  'proxy.params': 'd5c5609f',
  'worker.params': '869c73ed',
  'client.connectToProxy': 'ff5fa0f4',
  'client.connectedToProxy': '95317ad1',
  'client.proxyConnectionAuthShort': 'd6ffc5af',
  'client.proxyConnectionAuthLong': '417bf016',
  'client.authorizeWithProxyShort': '6c276723',
  'client.authorizeWithProxyLong': 'd3474303',
  'client.authorizationWithProxySuccess': '75d5ac34',
  'client.authorizationWithProxyFailed': '60551c96',
  'client.runQuery': 'bc748f32',
  'client.runQueryEx': 'f54cb74b',
  'client.queryAnswer': '9b943922',
  'client.queryAnswerError': '6d60569a',
  'client.queryAnswerPart': 'b765de4c',
  'client.queryAnswerPartError': 'd790a022',
  'client.queryAnswerEx': 'cd524720',
  'client.queryAnswerErrorEx': '072562a8',
  'client.queryAnswerPartEx': 'c07bfaec',
  'client.queryFinalInfo': '69a452f0',
  'client.requestRefund': '238d863d',
  'client.refund': '83aabead',
  'client.refundRejected': 'cf9d9957',
  'client.updatePaymentStatus': '9ed1c697',
  'client.paymentStatus': 'aa8a0ecc',
  'client.getWorkerTypes': '7f062bdb',
  'client.workerTypes': 'f64e0e01',
  'client.workerType': '8210e21c',
  'client.getWorkerTypesV2': 'b2133d72',
  'client.workerTypesV2': '0cf0dc67',
  'client.workerTypeV2': 'b27d8197',
  'client.workerInstanceV2': '3ea93d00',
  'proxy.clientRequestPayment': 'c6bcf127',
  'proxy.workerRequestPayment': '1436c0d5',
  'proxy.signedPayment': '02998182',
  'proxy.signedPaymentEmpty': 'b347ce64',
  'proxy.runQuery': '47182416',
  'proxy.runQueryEx': 'c805e7e2',
  'proxy.queryAnswer': '37e5f725',
  'proxy.queryAnswerError': '669d014e',
  'proxy.queryAnswerPart': '72eb00ee',
  'proxy.queryAnswerPartError': '940e1168',
  'proxy.queryAnswerEx': '1ce574e8',
  'proxy.queryAnswerErrorEx': '8f7fb0a7',
  'proxy.queryAnswerPartEx': '6d85b50f',
  'proxy.queryFinalInfo': 'e794e6fc',
  'worker.connectToProxy': 'cc484c5d',
  'worker.connectedToProxy': '66bc82ee',
  'worker.compareBalanceWithProxy': 'db386501',
  'worker.compareBalanceWithProxyResult': '9054c411',
  'worker.extendedCompareBalanceWithProxy': 'f8dd9914',
  'worker.extendedCompareBalanceWithProxyResult': '0c10973e',
  'worker.proxyHandshakeComplete': 'f843b066',
  'worker.proxyHandshakeCompleted': '3ad9b886',
  'worker.updatePaymentStatus': 'dc70a524',
  'worker.paymentStatus': 'a88bd701',
  'worker.enabledDisabled': 'b3b71039',
  'worker.newCoefficient': '6af092b0',
  'http.request': '47492de5',
  'http.response': '1cd0c42b',
  'http.header': '8e9be511',
  'keyManager.getProxyPrivateKeys': '47a9c2de',
  'keyManager.getWorkerPrivateKeys': '2a26eff5',
  'keyManager.privateKeys': '0ed66ce5',
  'keyManager.privateKey': '60f4f8e7',
};
/** Ids that the live schema gives instead of computing them. */
const EXPLICIT = ['client.params', 'proxy.params', 'worker.params', 'client.workerInstanceV2'];
/** Version 3, this project's own. */
const OWN = ['client.cancelQuery', 'proxy.cancelQuery'];

const lines = TL_SCHEMA.split('\n').filter((line) => line.endsWith(';'));
const nameOf = (line: string): string => line.slice(0, line.search(/[ #]/));

describe('TL schema', () => {
  test('has the id of every live constructor, and nothing else but the cancel messages', () => {
    const ids = Object.fromEntries(tlTable.map((row) => [row.name, row.id.toString(16).padStart(8, '0')]));
    for (const name of OWN) delete ids[name];
    expect(ids).toEqual(LIVE_IDS);
  });

  test.each(Object.keys(LIVE_IDS).filter((name) => !EXPLICIT.includes(name)))(
    'computes the id of %s from its text',
    (name) => {
      const line = lines.find((candidate) => nameOf(candidate) === name)!;
      expect(line).not.toContain(`${name}#`);
      expect(declarationId(line).toString(16).padStart(8, '0')).toBe(LIVE_IDS[name]);
    },
  );

  test('gives explicit ids exactly where the live schema does', () => {
    expect(
      lines
        .filter((line) => / flags:#/.test(line) && line.includes('#') && /^\S+#/.test(line))
        .map(nameOf)
        .sort(),
    ).toEqual([...EXPLICIT].sort());
  });

  test('sdk/generated/tl.ts is what the schema generates', () => {
    for (const [path, text] of Object.entries(generateTl())) {
      expect(readFileSync(join(__dirname, '../../..', path), 'utf8')).toBe(text);
    }
  });

  test.each([
    ['a missing type', 'a.b x = A.B;'],
    ['an unknown struct', 'a.b x:a.c = A.B;'],
    ['an unknown box', 'a.b x:a.C = A.B;'],
    ['an optional field before flags', 'a.b x:flags.0?int flags:# = A.B;'],
    ['a flag bit that makes flags negative', 'a.b flags:# x:flags.31?int = A.B;'],
    ['a boxed vector element', 'a.b x:(vector A.B) = A.B;'],
    ['a repeated name', 'a.b = A.B;\na.b x:int = A.B;'],
    ['a repeated id', 'a.b#00000001 = A.B;\na.c#00000001 = A.B;'],
    ['no semicolon', 'a.b = A.B'],
  ])('the parser refuses %s', (_, text) => {
    expect(() => parseTlSchema(text)).toThrow(TlSchemaError);
  });
});
