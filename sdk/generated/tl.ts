// Generated from sdk/protocol/tl/schema.ts by tools/generate-tl.ts. Do not edit: change the schema and run `npm run generate`.
import type { TlConstructor } from '../protocol/tl/table';

export interface TcpPing {
  readonly _: 'tcp.ping';
  readonly id: bigint;
}

export interface TcpPong {
  readonly _: 'tcp.pong';
  readonly id: bigint;
}

export interface TcpPacket {
  readonly _: 'tcp.packet';
  readonly data: Buffer;
}

export interface TcpQuery {
  readonly _: 'tcp.query';
  readonly id: bigint;
  readonly data: Buffer;
}

export interface TcpQueryAnswer {
  readonly _: 'tcp.queryAnswer';
  readonly id: bigint;
  readonly data: Buffer;
}

export interface TcpQueryError {
  readonly _: 'tcp.queryError';
  readonly id: bigint;
  readonly code: number;
  readonly message: string;
}

export interface TcpConnect {
  readonly _: 'tcp.connect';
  readonly id: bigint;
}

export interface TcpConnected {
  readonly _: 'tcp.connected';
  readonly id: bigint;
}

export interface HttpHeader {
  readonly _: 'http.header';
  readonly name: string;
  readonly value: string;
}

export interface HttpResponse {
  readonly _: 'http.response';
  readonly httpVersion: string;
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: readonly HttpHeader[];
  readonly payload: Buffer;
}

export interface TokensUsed {
  readonly _: 'tokensUsed';
  readonly promptTokensUsed: bigint;
  readonly cachedTokensUsed: bigint;
  readonly completionTokensUsed: bigint;
  readonly reasoningTokensUsed: bigint;
  readonly totalTokensUsed: bigint;
}

export interface ProxyParams {
  readonly _: 'proxy.params';
  readonly proxyPublicKey: Buffer;
  readonly proxyOwnerAddress: string;
  readonly proxyScAddress: string;
  readonly isTest?: boolean;
  readonly protoVersion?: number;
}

export interface ProxySignedPayment {
  readonly _: 'proxy.signedPayment';
  readonly data: Buffer;
}

export interface ProxySignedPaymentEmpty {
  readonly _: 'proxy.signedPaymentEmpty';
}

export interface ProxyClientRequestPayment {
  readonly _: 'proxy.clientRequestPayment';
  readonly requestId: Buffer;
  readonly signedPayment: AnyProxySignedPayment;
  readonly dbTokens: bigint;
  readonly maxTokens: bigint;
  readonly requestTokens: bigint;
}

export interface ProxyWorkerRequestPayment {
  readonly _: 'proxy.workerRequestPayment';
  readonly requestId: Buffer;
  readonly signedPayment: AnyProxySignedPayment;
  readonly dbTokens: bigint;
  readonly maxTokens: bigint;
  readonly requestTokens: bigint;
  readonly requestClientOwner: string;
}

export interface ProxyQueryAnswer {
  readonly _: 'proxy.queryAnswer';
  readonly answer: Buffer;
  readonly isCompleted: boolean;
  readonly requestId: Buffer;
  readonly tokensUsed: TokensUsed;
}

export interface ProxyQueryAnswerError {
  readonly _: 'proxy.queryAnswerError';
  readonly errorCode: number;
  readonly error: string;
  readonly requestId: Buffer;
  readonly tokensUsed: TokensUsed;
}

export interface ProxyQueryAnswerPart {
  readonly _: 'proxy.queryAnswerPart';
  readonly answer: Buffer;
  readonly isCompleted: boolean;
  readonly requestId: Buffer;
  readonly tokensUsed: TokensUsed;
}

export interface ProxyQueryAnswerPartError {
  readonly _: 'proxy.queryAnswerPartError';
  readonly errorCode: number;
  readonly error: string;
  readonly requestId: Buffer;
  readonly tokensUsed: TokensUsed;
}

export interface ProxyQueryFinalInfo {
  readonly _: 'proxy.queryFinalInfo';
  readonly tokensUsed: TokensUsed;
  readonly workerDebug?: string;
  readonly workerStartTime?: number;
  readonly workerEndTime?: number;
}

export interface ProxyQueryAnswerEx {
  readonly _: 'proxy.queryAnswerEx';
  readonly requestId: Buffer;
  readonly answer: Buffer;
  readonly finalInfo?: ProxyQueryFinalInfo;
}

export interface ProxyQueryAnswerErrorEx {
  readonly _: 'proxy.queryAnswerErrorEx';
  readonly requestId: Buffer;
  readonly errorCode: number;
  readonly error: string;
  readonly finalInfo?: ProxyQueryFinalInfo;
}

export interface ProxyQueryAnswerPartEx {
  readonly _: 'proxy.queryAnswerPartEx';
  readonly requestId: Buffer;
  readonly answer: Buffer;
  readonly finalInfo?: ProxyQueryFinalInfo;
}

export interface ProxyCancelQuery {
  readonly _: 'proxy.cancelQuery';
  readonly requestId: Buffer;
}

export interface ClientParams {
  readonly _: 'client.params';
  readonly clientOwnerAddress: string;
  readonly isTest?: boolean;
  readonly minProtoVersion?: number;
  readonly maxProtoVersion?: number;
}

export interface ClientProxyConnectionAuthShort {
  readonly _: 'client.proxyConnectionAuthShort';
  readonly secretHash: Buffer;
  readonly nonce: bigint;
}

export interface ClientProxyConnectionAuthLong {
  readonly _: 'client.proxyConnectionAuthLong';
  readonly nonce: bigint;
}

export interface ClientConnectedToProxy {
  readonly _: 'client.connectedToProxy';
  readonly params: ProxyParams;
  readonly clientScAddress: string;
  readonly auth: AnyClientProxyConnectionAuth;
  readonly signedPayment: AnyProxySignedPayment;
}

export interface ClientAuthorizationWithProxySuccess {
  readonly _: 'client.authorizationWithProxySuccess';
  readonly signedPayment: AnyProxySignedPayment;
  readonly tokensCommittedToDb: bigint;
  readonly maxTokens: bigint;
}

export interface ClientAuthorizationWithProxyFailed {
  readonly _: 'client.authorizationWithProxyFailed';
  readonly errorCode: number;
  readonly error: string;
}

export interface ClientQueryAnswer {
  readonly _: 'client.queryAnswer';
  readonly answer: Buffer;
  readonly isCompleted: boolean;
  readonly requestId: Buffer;
  readonly requestTokensUsed: TokensUsed;
}

export interface ClientQueryAnswerError {
  readonly _: 'client.queryAnswerError';
  readonly errorCode: number;
  readonly error: string;
  readonly requestId: Buffer;
  readonly requestTokensUsed: TokensUsed;
}

export interface ClientQueryAnswerPart {
  readonly _: 'client.queryAnswerPart';
  readonly answer: Buffer;
  readonly isCompleted: boolean;
  readonly requestId: Buffer;
  readonly requestTokensUsed: TokensUsed;
}

export interface ClientQueryAnswerPartError {
  readonly _: 'client.queryAnswerPartError';
  readonly errorCode: number;
  readonly error: string;
  readonly requestId: Buffer;
  readonly requestTokensUsed: TokensUsed;
}

export interface ClientQueryFinalInfo {
  readonly _: 'client.queryFinalInfo';
  readonly tokensUsed: TokensUsed;
  readonly workerDebug?: string;
  readonly proxyDebug?: string;
  readonly proxyStartTime?: number;
  readonly proxyEndTime?: number;
  readonly workerStartTime?: number;
  readonly workerEndTime?: number;
}

export interface ClientQueryAnswerEx {
  readonly _: 'client.queryAnswerEx';
  readonly requestId: Buffer;
  readonly answer: Buffer;
  readonly finalInfo?: ClientQueryFinalInfo;
}

export interface ClientQueryAnswerErrorEx {
  readonly _: 'client.queryAnswerErrorEx';
  readonly requestId: Buffer;
  readonly errorCode: number;
  readonly error: string;
  readonly finalInfo?: ClientQueryFinalInfo;
}

export interface ClientQueryAnswerPartEx {
  readonly _: 'client.queryAnswerPartEx';
  readonly requestId: Buffer;
  readonly answer: Buffer;
  readonly finalInfo?: ClientQueryFinalInfo;
}

export interface ClientRefund {
  readonly _: 'client.refund';
  readonly data: Buffer;
}

export interface ClientRefundRejected {
  readonly _: 'client.refundRejected';
  readonly activeQueries: bigint;
}

export interface ClientPaymentStatus {
  readonly _: 'client.paymentStatus';
  readonly signedPayment: AnyProxySignedPayment;
  readonly dbTokens: bigint;
  readonly maxTokens: bigint;
}

export interface ClientWorkerType {
  readonly _: 'client.workerType';
  readonly name: string;
  readonly activeWorkers: number;
  readonly coefficientMin: number;
  readonly coefficientBucket50: number;
  readonly coefficientMax: number;
}

export interface ClientWorkerTypes {
  readonly _: 'client.workerTypes';
  readonly types: readonly ClientWorkerType[];
}

export interface ClientWorkerInstanceV2 {
  readonly _: 'client.workerInstanceV2';
  readonly coefficient: number;
  readonly activeRequests: number;
  readonly maxActiveRequests: number;
}

export interface ClientWorkerTypeV2 {
  readonly _: 'client.workerTypeV2';
  readonly name: string;
  readonly workers: readonly ClientWorkerInstanceV2[];
}

export interface ClientWorkerTypesV2 {
  readonly _: 'client.workerTypesV2';
  readonly types: readonly ClientWorkerTypeV2[];
}

export interface ClientCancelQuery {
  readonly _: 'client.cancelQuery';
  readonly requestId: Buffer;
}

export interface WorkerParams {
  readonly _: 'worker.params';
  readonly workerOwnerAddress: string;
  readonly model: string;
  readonly coefficient: number;
  readonly isTest?: boolean;
  readonly proxyCnt?: number;
  readonly maxActiveRequests?: number;
  readonly minProtoVersion?: number;
  readonly maxProtoVersion?: number;
}

export interface WorkerConnectedToProxy {
  readonly _: 'worker.connectedToProxy';
  readonly params: ProxyParams;
  readonly workerScAddress: string;
}

export interface WorkerCompareBalanceWithProxyResult {
  readonly _: 'worker.compareBalanceWithProxyResult';
  readonly signedPayment: AnyProxySignedPayment;
  readonly tokensCommittedToDb: bigint;
  readonly maxTokens: bigint;
  readonly errorCode: number;
}

export interface WorkerExtendedCompareBalanceWithProxyResult {
  readonly _: 'worker.extendedCompareBalanceWithProxyResult';
  readonly errorCode: number;
}

export interface WorkerProxyHandshakeCompleted {
  readonly _: 'worker.proxyHandshakeCompleted';
}

export interface WorkerPaymentStatus {
  readonly _: 'worker.paymentStatus';
  readonly signedPayment: AnyProxySignedPayment;
  readonly dbTokens: bigint;
  readonly maxTokens: bigint;
}

export interface WorkerEnabledDisabled {
  readonly _: 'worker.enabledDisabled';
  readonly disabled: number;
}

export interface WorkerNewCoefficient {
  readonly _: 'worker.newCoefficient';
  readonly newCoefficient: number;
}

export interface KeyManagerPrivateKey {
  readonly _: 'keyManager.privateKey';
  readonly validUntilUtime: number;
  readonly privateKey: Buffer;
}

export interface KeyManagerPrivateKeys {
  readonly _: 'keyManager.privateKeys';
  readonly keys: readonly KeyManagerPrivateKey[];
}

export interface HttpRequest {
  readonly _: 'http.request';
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: readonly HttpHeader[];
  readonly payload: Buffer;
}

export interface ClientConnectToProxy {
  readonly _: 'client.connectToProxy';
  readonly params: ClientParams;
  readonly minConfigVersion: number;
}

export interface ClientAuthorizeWithProxyShort {
  readonly _: 'client.authorizeWithProxyShort';
  readonly data: Buffer;
}

export interface ClientAuthorizeWithProxyLong {
  readonly _: 'client.authorizeWithProxyLong';
}

export interface ClientRunQuery {
  readonly _: 'client.runQuery';
  readonly modelName: string;
  readonly query: Buffer;
  readonly maxCoefficient: number;
  readonly maxTokens: number;
  readonly timeout: number;
  readonly requestId: Buffer;
  readonly minConfigVersion: number;
}

export interface ClientRunQueryEx {
  readonly _: 'client.runQueryEx';
  readonly modelName: string;
  readonly query: Buffer;
  readonly maxCoefficient: number;
  readonly maxTokens: number;
  readonly timeout: number;
  readonly requestId: Buffer;
  readonly minConfigVersion: number;
  readonly enableDebug?: boolean;
}

export interface ClientRequestRefund {
  readonly _: 'client.requestRefund';
}

export interface ClientUpdatePaymentStatus {
  readonly _: 'client.updatePaymentStatus';
}

export interface ClientGetWorkerTypes {
  readonly _: 'client.getWorkerTypes';
}

export interface ClientGetWorkerTypesV2 {
  readonly _: 'client.getWorkerTypesV2';
}

export interface ProxyRunQuery {
  readonly _: 'proxy.runQuery';
  readonly query: Buffer;
  readonly signedPayment: AnyProxySignedPayment;
  readonly coefficient: bigint;
  readonly timeout: number;
  readonly requestId: Buffer;
}

export interface ProxyRunQueryEx {
  readonly _: 'proxy.runQueryEx';
  readonly query: Buffer;
  readonly signedPayment: AnyProxySignedPayment;
  readonly coefficient: bigint;
  readonly timeout: number;
  readonly requestId: Buffer;
  readonly enableDebug?: boolean;
}

export interface WorkerConnectToProxy {
  readonly _: 'worker.connectToProxy';
  readonly params: WorkerParams;
}

export interface WorkerCompareBalanceWithProxy {
  readonly _: 'worker.compareBalanceWithProxy';
  readonly tokensCommittedToBlockchain: bigint;
  readonly tokensCommittedToDb: bigint;
  readonly maxTokens: bigint;
}

export interface WorkerExtendedCompareBalanceWithProxy {
  readonly _: 'worker.extendedCompareBalanceWithProxy';
  readonly tokensCommittedToDb: bigint;
  readonly other: Buffer;
}

export interface WorkerProxyHandshakeComplete {
  readonly _: 'worker.proxyHandshakeComplete';
  readonly isDisabled: boolean;
}

export interface WorkerUpdatePaymentStatus {
  readonly _: 'worker.updatePaymentStatus';
}

export interface KeyManagerGetProxyPrivateKeys {
  readonly _: 'keyManager.getProxyPrivateKeys';
  readonly minConfigVersion: number;
}

export interface KeyManagerGetWorkerPrivateKeys {
  readonly _: 'keyManager.getWorkerPrivateKeys';
  readonly minConfigVersion: number;
}

export type AnyTcpPacket = TcpPing | TcpPong | TcpPacket | TcpQuery | TcpQueryAnswer | TcpQueryError | TcpConnect | TcpConnected;
export type AnyHttpHeader = HttpHeader;
export type AnyHttpResponse = HttpResponse;
export type AnyTokensUsed = TokensUsed;
export type AnyProxyParams = ProxyParams;
export type AnyProxySignedPayment = ProxySignedPayment | ProxySignedPaymentEmpty;
export type AnyProxyWorkerRequestPayment = ProxyClientRequestPayment | ProxyWorkerRequestPayment;
export type AnyProxyQueryAnswer = ProxyQueryAnswer | ProxyQueryAnswerError;
export type AnyProxyQueryAnswerPart = ProxyQueryAnswerPart | ProxyQueryAnswerPartError;
export type AnyProxyQueryFinalInfo = ProxyQueryFinalInfo;
export type AnyProxyQueryAnswerEx = ProxyQueryAnswerEx | ProxyQueryAnswerErrorEx | ProxyQueryAnswerPartEx;
export type AnyProxyCancelQuery = ProxyCancelQuery;
export type AnyClientParams = ClientParams;
export type AnyClientProxyConnectionAuth = ClientProxyConnectionAuthShort | ClientProxyConnectionAuthLong;
export type AnyClientConnectedToProxy = ClientConnectedToProxy;
export type AnyClientAuthorizationWithProxy = ClientAuthorizationWithProxySuccess | ClientAuthorizationWithProxyFailed;
export type AnyClientQueryAnswer = ClientQueryAnswer | ClientQueryAnswerError;
export type AnyClientQueryAnswerPart = ClientQueryAnswerPart | ClientQueryAnswerPartError;
export type AnyClientQueryFinalInfo = ClientQueryFinalInfo;
export type AnyClientQueryAnswerEx = ClientQueryAnswerEx | ClientQueryAnswerErrorEx | ClientQueryAnswerPartEx;
export type AnyClientRefund = ClientRefund | ClientRefundRejected;
export type AnyClientPaymentStatus = ClientPaymentStatus;
export type AnyClientWorkerType = ClientWorkerType;
export type AnyClientWorkerTypes = ClientWorkerTypes;
export type AnyClientWorkerInstanceV2 = ClientWorkerInstanceV2;
export type AnyClientWorkerTypeV2 = ClientWorkerTypeV2;
export type AnyClientWorkerTypesV2 = ClientWorkerTypesV2;
export type AnyClientCancelQuery = ClientCancelQuery;
export type AnyWorkerParams = WorkerParams;
export type AnyWorkerConnectedToProxy = WorkerConnectedToProxy;
export type AnyWorkerCompareBalanceWithProxyResult = WorkerCompareBalanceWithProxyResult;
export type AnyWorkerExtendedCompareBalanceWithProxyResult = WorkerExtendedCompareBalanceWithProxyResult;
export type AnyWorkerHandshakeCompleted = WorkerProxyHandshakeCompleted;
export type AnyWorkerPaymentStatus = WorkerPaymentStatus;
export type AnyWorkerEnabledDisabled = WorkerEnabledDisabled;
export type AnyWorkerNewCoefficient = WorkerNewCoefficient;
export type AnyKeyManagerPrivateKey = KeyManagerPrivateKey;
export type AnyKeyManagerPrivateKeys = KeyManagerPrivateKeys;

/** Constructor name -> object shape. */
export interface TlTypes {
  readonly 'tcp.ping': TcpPing;
  readonly 'tcp.pong': TcpPong;
  readonly 'tcp.packet': TcpPacket;
  readonly 'tcp.query': TcpQuery;
  readonly 'tcp.queryAnswer': TcpQueryAnswer;
  readonly 'tcp.queryError': TcpQueryError;
  readonly 'tcp.connect': TcpConnect;
  readonly 'tcp.connected': TcpConnected;
  readonly 'http.header': HttpHeader;
  readonly 'http.response': HttpResponse;
  readonly 'tokensUsed': TokensUsed;
  readonly 'proxy.params': ProxyParams;
  readonly 'proxy.signedPayment': ProxySignedPayment;
  readonly 'proxy.signedPaymentEmpty': ProxySignedPaymentEmpty;
  readonly 'proxy.clientRequestPayment': ProxyClientRequestPayment;
  readonly 'proxy.workerRequestPayment': ProxyWorkerRequestPayment;
  readonly 'proxy.queryAnswer': ProxyQueryAnswer;
  readonly 'proxy.queryAnswerError': ProxyQueryAnswerError;
  readonly 'proxy.queryAnswerPart': ProxyQueryAnswerPart;
  readonly 'proxy.queryAnswerPartError': ProxyQueryAnswerPartError;
  readonly 'proxy.queryFinalInfo': ProxyQueryFinalInfo;
  readonly 'proxy.queryAnswerEx': ProxyQueryAnswerEx;
  readonly 'proxy.queryAnswerErrorEx': ProxyQueryAnswerErrorEx;
  readonly 'proxy.queryAnswerPartEx': ProxyQueryAnswerPartEx;
  readonly 'proxy.cancelQuery': ProxyCancelQuery;
  readonly 'client.params': ClientParams;
  readonly 'client.proxyConnectionAuthShort': ClientProxyConnectionAuthShort;
  readonly 'client.proxyConnectionAuthLong': ClientProxyConnectionAuthLong;
  readonly 'client.connectedToProxy': ClientConnectedToProxy;
  readonly 'client.authorizationWithProxySuccess': ClientAuthorizationWithProxySuccess;
  readonly 'client.authorizationWithProxyFailed': ClientAuthorizationWithProxyFailed;
  readonly 'client.queryAnswer': ClientQueryAnswer;
  readonly 'client.queryAnswerError': ClientQueryAnswerError;
  readonly 'client.queryAnswerPart': ClientQueryAnswerPart;
  readonly 'client.queryAnswerPartError': ClientQueryAnswerPartError;
  readonly 'client.queryFinalInfo': ClientQueryFinalInfo;
  readonly 'client.queryAnswerEx': ClientQueryAnswerEx;
  readonly 'client.queryAnswerErrorEx': ClientQueryAnswerErrorEx;
  readonly 'client.queryAnswerPartEx': ClientQueryAnswerPartEx;
  readonly 'client.refund': ClientRefund;
  readonly 'client.refundRejected': ClientRefundRejected;
  readonly 'client.paymentStatus': ClientPaymentStatus;
  readonly 'client.workerType': ClientWorkerType;
  readonly 'client.workerTypes': ClientWorkerTypes;
  readonly 'client.workerInstanceV2': ClientWorkerInstanceV2;
  readonly 'client.workerTypeV2': ClientWorkerTypeV2;
  readonly 'client.workerTypesV2': ClientWorkerTypesV2;
  readonly 'client.cancelQuery': ClientCancelQuery;
  readonly 'worker.params': WorkerParams;
  readonly 'worker.connectedToProxy': WorkerConnectedToProxy;
  readonly 'worker.compareBalanceWithProxyResult': WorkerCompareBalanceWithProxyResult;
  readonly 'worker.extendedCompareBalanceWithProxyResult': WorkerExtendedCompareBalanceWithProxyResult;
  readonly 'worker.proxyHandshakeCompleted': WorkerProxyHandshakeCompleted;
  readonly 'worker.paymentStatus': WorkerPaymentStatus;
  readonly 'worker.enabledDisabled': WorkerEnabledDisabled;
  readonly 'worker.newCoefficient': WorkerNewCoefficient;
  readonly 'keyManager.privateKey': KeyManagerPrivateKey;
  readonly 'keyManager.privateKeys': KeyManagerPrivateKeys;
  readonly 'http.request': HttpRequest;
  readonly 'client.connectToProxy': ClientConnectToProxy;
  readonly 'client.authorizeWithProxyShort': ClientAuthorizeWithProxyShort;
  readonly 'client.authorizeWithProxyLong': ClientAuthorizeWithProxyLong;
  readonly 'client.runQuery': ClientRunQuery;
  readonly 'client.runQueryEx': ClientRunQueryEx;
  readonly 'client.requestRefund': ClientRequestRefund;
  readonly 'client.updatePaymentStatus': ClientUpdatePaymentStatus;
  readonly 'client.getWorkerTypes': ClientGetWorkerTypes;
  readonly 'client.getWorkerTypesV2': ClientGetWorkerTypesV2;
  readonly 'proxy.runQuery': ProxyRunQuery;
  readonly 'proxy.runQueryEx': ProxyRunQueryEx;
  readonly 'worker.connectToProxy': WorkerConnectToProxy;
  readonly 'worker.compareBalanceWithProxy': WorkerCompareBalanceWithProxy;
  readonly 'worker.extendedCompareBalanceWithProxy': WorkerExtendedCompareBalanceWithProxy;
  readonly 'worker.proxyHandshakeComplete': WorkerProxyHandshakeComplete;
  readonly 'worker.updatePaymentStatus': WorkerUpdatePaymentStatus;
  readonly 'keyManager.getProxyPrivateKeys': KeyManagerGetProxyPrivateKeys;
  readonly 'keyManager.getWorkerPrivateKeys': KeyManagerGetWorkerPrivateKeys;
}

/** Function name -> what answers it. */
export interface TlAnswers {
  readonly 'http.request': AnyHttpResponse;
  readonly 'client.connectToProxy': AnyClientConnectedToProxy;
  readonly 'client.authorizeWithProxyShort': AnyClientAuthorizationWithProxy;
  readonly 'client.authorizeWithProxyLong': AnyClientAuthorizationWithProxy;
  readonly 'client.runQuery': AnyClientQueryAnswer;
  readonly 'client.runQueryEx': AnyClientQueryAnswerEx;
  readonly 'client.requestRefund': AnyClientRefund;
  readonly 'client.updatePaymentStatus': AnyClientPaymentStatus;
  readonly 'client.getWorkerTypes': AnyClientWorkerTypes;
  readonly 'client.getWorkerTypesV2': AnyClientWorkerTypesV2;
  readonly 'proxy.runQuery': AnyProxyQueryAnswer;
  readonly 'proxy.runQueryEx': AnyProxyQueryAnswer;
  readonly 'worker.connectToProxy': AnyWorkerConnectedToProxy;
  readonly 'worker.compareBalanceWithProxy': AnyWorkerCompareBalanceWithProxyResult;
  readonly 'worker.extendedCompareBalanceWithProxy': AnyWorkerExtendedCompareBalanceWithProxyResult;
  readonly 'worker.proxyHandshakeComplete': AnyWorkerHandshakeCompleted;
  readonly 'worker.updatePaymentStatus': AnyWorkerPaymentStatus;
  readonly 'keyManager.getProxyPrivateKeys': AnyKeyManagerPrivateKeys;
  readonly 'keyManager.getWorkerPrivateKeys': AnyKeyManagerPrivateKeys;
}

export const tlTable: readonly TlConstructor[] = [
  {
    name: 'tcp.ping',
    id: 0xbbe9627c,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
    ],
  },
  {
    name: 'tcp.pong',
    id: 0x0bd4302c,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
    ],
  },
  {
    name: 'tcp.packet',
    id: 0x9c17baf8,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'data', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'tcp.query',
    id: 0x3af51908,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
      { name: 'data', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'tcp.queryAnswer',
    id: 0xc048c311,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
      { name: 'data', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'tcp.queryError',
    id: 0x4cd2f602,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
      { name: 'code', type: { kind: 'int' } },
      { name: 'message', type: { kind: 'string' } },
    ],
  },
  {
    name: 'tcp.connect',
    id: 0xa57c4261,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
    ],
  },
  {
    name: 'tcp.connected',
    id: 0x636d41d6,
    role: 'type',
    result: 'tcp.Packet',
    fields: [
      { name: 'id', type: { kind: 'long' } },
    ],
  },
  {
    name: 'http.header',
    id: 0x8e9be511,
    role: 'type',
    result: 'http.Header',
    fields: [
      { name: 'name', type: { kind: 'string' } },
      { name: 'value', type: { kind: 'string' } },
    ],
  },
  {
    name: 'http.response',
    id: 0x1cd0c42b,
    role: 'type',
    result: 'http.Response',
    fields: [
      { name: 'httpVersion', type: { kind: 'string' } },
      { name: 'statusCode', type: { kind: 'int' } },
      { name: 'reason', type: { kind: 'string' } },
      { name: 'headers', type: { kind: 'vector', of: 'http.header' } },
      { name: 'payload', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'tokensUsed',
    id: 0x70c5b15c,
    role: 'type',
    result: 'TokensUsed',
    fields: [
      { name: 'promptTokensUsed', type: { kind: 'long' } },
      { name: 'cachedTokensUsed', type: { kind: 'long' } },
      { name: 'completionTokensUsed', type: { kind: 'long' } },
      { name: 'reasoningTokensUsed', type: { kind: 'long' } },
      { name: 'totalTokensUsed', type: { kind: 'long' } },
    ],
  },
  {
    name: 'proxy.params',
    id: 0xd5c5609f,
    role: 'type',
    result: 'proxy.Params',
    flagsAt: 0,
    fields: [
      { name: 'proxyPublicKey', type: { kind: 'int256' } },
      { name: 'proxyOwnerAddress', type: { kind: 'string' } },
      { name: 'proxyScAddress', type: { kind: 'string' } },
      { name: 'isTest', type: { kind: 'Bool' }, bit: 0 },
      { name: 'protoVersion', type: { kind: 'int' }, bit: 1 },
    ],
  },
  {
    name: 'proxy.signedPayment',
    id: 0x02998182,
    role: 'type',
    result: 'proxy.SignedPayment',
    fields: [
      { name: 'data', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'proxy.signedPaymentEmpty',
    id: 0xb347ce64,
    role: 'type',
    result: 'proxy.SignedPayment',
    fields: [],
  },
  {
    name: 'proxy.clientRequestPayment',
    id: 0xc6bcf127,
    role: 'type',
    result: 'proxy.WorkerRequestPayment',
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'dbTokens', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
      { name: 'requestTokens', type: { kind: 'long' } },
    ],
  },
  {
    name: 'proxy.workerRequestPayment',
    id: 0x1436c0d5,
    role: 'type',
    result: 'proxy.WorkerRequestPayment',
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'dbTokens', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
      { name: 'requestTokens', type: { kind: 'long' } },
      { name: 'requestClientOwner', type: { kind: 'string' } },
    ],
  },
  {
    name: 'proxy.queryAnswer',
    id: 0x37e5f725,
    role: 'type',
    result: 'proxy.QueryAnswer',
    fields: [
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'isCompleted', type: { kind: 'Bool' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'tokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'proxy.queryAnswerError',
    id: 0x669d014e,
    role: 'type',
    result: 'proxy.QueryAnswer',
    fields: [
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'tokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'proxy.queryAnswerPart',
    id: 0x72eb00ee,
    role: 'type',
    result: 'proxy.QueryAnswerPart',
    fields: [
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'isCompleted', type: { kind: 'Bool' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'tokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'proxy.queryAnswerPartError',
    id: 0x940e1168,
    role: 'type',
    result: 'proxy.QueryAnswerPart',
    fields: [
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'tokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'proxy.queryFinalInfo',
    id: 0xe794e6fc,
    role: 'type',
    result: 'proxy.QueryFinalInfo',
    flagsAt: 0,
    fields: [
      { name: 'tokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
      { name: 'workerDebug', type: { kind: 'string' }, bit: 0 },
      { name: 'workerStartTime', type: { kind: 'double' }, bit: 1 },
      { name: 'workerEndTime', type: { kind: 'double' }, bit: 1 },
    ],
  },
  {
    name: 'proxy.queryAnswerEx',
    id: 0x1ce574e8,
    role: 'type',
    result: 'proxy.QueryAnswerEx',
    flagsAt: 2,
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'finalInfo', type: { kind: 'bare', of: 'proxy.queryFinalInfo' }, bit: 0 },
    ],
  },
  {
    name: 'proxy.queryAnswerErrorEx',
    id: 0x8f7fb0a7,
    role: 'type',
    result: 'proxy.QueryAnswerEx',
    flagsAt: 3,
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
      { name: 'finalInfo', type: { kind: 'bare', of: 'proxy.queryFinalInfo' }, bit: 0 },
    ],
  },
  {
    name: 'proxy.queryAnswerPartEx',
    id: 0x6d85b50f,
    role: 'type',
    result: 'proxy.QueryAnswerEx',
    flagsAt: 2,
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'finalInfo', type: { kind: 'bare', of: 'proxy.queryFinalInfo' }, bit: 0 },
    ],
  },
  {
    name: 'proxy.cancelQuery',
    id: 0x8cd7e668,
    role: 'type',
    result: 'proxy.CancelQuery',
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
    ],
  },
  {
    name: 'client.params',
    id: 0x40fdca64,
    role: 'type',
    result: 'client.Params',
    flagsAt: 0,
    fields: [
      { name: 'clientOwnerAddress', type: { kind: 'string' } },
      { name: 'isTest', type: { kind: 'Bool' }, bit: 0 },
      { name: 'minProtoVersion', type: { kind: 'int' }, bit: 1 },
      { name: 'maxProtoVersion', type: { kind: 'int' }, bit: 1 },
    ],
  },
  {
    name: 'client.proxyConnectionAuthShort',
    id: 0xd6ffc5af,
    role: 'type',
    result: 'client.ProxyConnectionAuth',
    fields: [
      { name: 'secretHash', type: { kind: 'int256' } },
      { name: 'nonce', type: { kind: 'long' } },
    ],
  },
  {
    name: 'client.proxyConnectionAuthLong',
    id: 0x417bf016,
    role: 'type',
    result: 'client.ProxyConnectionAuth',
    fields: [
      { name: 'nonce', type: { kind: 'long' } },
    ],
  },
  {
    name: 'client.connectedToProxy',
    id: 0x95317ad1,
    role: 'type',
    result: 'client.ConnectedToProxy',
    fields: [
      { name: 'params', type: { kind: 'bare', of: 'proxy.params' } },
      { name: 'clientScAddress', type: { kind: 'string' } },
      { name: 'auth', type: { kind: 'boxed', of: 'client.ProxyConnectionAuth' } },
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
    ],
  },
  {
    name: 'client.authorizationWithProxySuccess',
    id: 0x75d5ac34,
    role: 'type',
    result: 'client.AuthorizationWithProxy',
    fields: [
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'tokensCommittedToDb', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
    ],
  },
  {
    name: 'client.authorizationWithProxyFailed',
    id: 0x60551c96,
    role: 'type',
    result: 'client.AuthorizationWithProxy',
    fields: [
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
    ],
  },
  {
    name: 'client.queryAnswer',
    id: 0x9b943922,
    role: 'type',
    result: 'client.QueryAnswer',
    fields: [
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'isCompleted', type: { kind: 'Bool' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'requestTokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'client.queryAnswerError',
    id: 0x6d60569a,
    role: 'type',
    result: 'client.QueryAnswer',
    fields: [
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'requestTokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'client.queryAnswerPart',
    id: 0xb765de4c,
    role: 'type',
    result: 'client.QueryAnswerPart',
    fields: [
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'isCompleted', type: { kind: 'Bool' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'requestTokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'client.queryAnswerPartError',
    id: 0xd790a022,
    role: 'type',
    result: 'client.QueryAnswerPart',
    fields: [
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'requestTokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
    ],
  },
  {
    name: 'client.queryFinalInfo',
    id: 0x69a452f0,
    role: 'type',
    result: 'client.QueryFinalInfo',
    flagsAt: 0,
    fields: [
      { name: 'tokensUsed', type: { kind: 'bare', of: 'tokensUsed' } },
      { name: 'workerDebug', type: { kind: 'string' }, bit: 0 },
      { name: 'proxyDebug', type: { kind: 'string' }, bit: 0 },
      { name: 'proxyStartTime', type: { kind: 'double' }, bit: 1 },
      { name: 'proxyEndTime', type: { kind: 'double' }, bit: 1 },
      { name: 'workerStartTime', type: { kind: 'double' }, bit: 1 },
      { name: 'workerEndTime', type: { kind: 'double' }, bit: 1 },
    ],
  },
  {
    name: 'client.queryAnswerEx',
    id: 0xcd524720,
    role: 'type',
    result: 'client.QueryAnswerEx',
    flagsAt: 2,
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'finalInfo', type: { kind: 'bare', of: 'client.queryFinalInfo' }, bit: 0 },
    ],
  },
  {
    name: 'client.queryAnswerErrorEx',
    id: 0x072562a8,
    role: 'type',
    result: 'client.QueryAnswerEx',
    flagsAt: 3,
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'errorCode', type: { kind: 'int' } },
      { name: 'error', type: { kind: 'string' } },
      { name: 'finalInfo', type: { kind: 'bare', of: 'client.queryFinalInfo' }, bit: 0 },
    ],
  },
  {
    name: 'client.queryAnswerPartEx',
    id: 0xc07bfaec,
    role: 'type',
    result: 'client.QueryAnswerEx',
    flagsAt: 2,
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'answer', type: { kind: 'bytes' } },
      { name: 'finalInfo', type: { kind: 'bare', of: 'client.queryFinalInfo' }, bit: 0 },
    ],
  },
  {
    name: 'client.refund',
    id: 0x83aabead,
    role: 'type',
    result: 'client.Refund',
    fields: [
      { name: 'data', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'client.refundRejected',
    id: 0xcf9d9957,
    role: 'type',
    result: 'client.Refund',
    fields: [
      { name: 'activeQueries', type: { kind: 'long' } },
    ],
  },
  {
    name: 'client.paymentStatus',
    id: 0xaa8a0ecc,
    role: 'type',
    result: 'client.PaymentStatus',
    fields: [
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'dbTokens', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
    ],
  },
  {
    name: 'client.workerType',
    id: 0x8210e21c,
    role: 'type',
    result: 'client.WorkerType',
    fields: [
      { name: 'name', type: { kind: 'string' } },
      { name: 'activeWorkers', type: { kind: 'int' } },
      { name: 'coefficientMin', type: { kind: 'int' } },
      { name: 'coefficientBucket50', type: { kind: 'int' } },
      { name: 'coefficientMax', type: { kind: 'int' } },
    ],
  },
  {
    name: 'client.workerTypes',
    id: 0xf64e0e01,
    role: 'type',
    result: 'client.WorkerTypes',
    fields: [
      { name: 'types', type: { kind: 'vector', of: 'client.workerType' } },
    ],
  },
  {
    name: 'client.workerInstanceV2',
    id: 0x3ea93d00,
    role: 'type',
    result: 'client.WorkerInstanceV2',
    flagsAt: 0,
    fields: [
      { name: 'coefficient', type: { kind: 'int' } },
      { name: 'activeRequests', type: { kind: 'int' } },
      { name: 'maxActiveRequests', type: { kind: 'int' } },
    ],
  },
  {
    name: 'client.workerTypeV2',
    id: 0xb27d8197,
    role: 'type',
    result: 'client.WorkerTypeV2',
    fields: [
      { name: 'name', type: { kind: 'string' } },
      { name: 'workers', type: { kind: 'vector', of: 'client.workerInstanceV2' } },
    ],
  },
  {
    name: 'client.workerTypesV2',
    id: 0x0cf0dc67,
    role: 'type',
    result: 'client.WorkerTypesV2',
    fields: [
      { name: 'types', type: { kind: 'vector', of: 'client.workerTypeV2' } },
    ],
  },
  {
    name: 'client.cancelQuery',
    id: 0x3265a5f8,
    role: 'type',
    result: 'client.CancelQuery',
    fields: [
      { name: 'requestId', type: { kind: 'int256' } },
    ],
  },
  {
    name: 'worker.params',
    id: 0x869c73ed,
    role: 'type',
    result: 'worker.Params',
    flagsAt: 0,
    fields: [
      { name: 'workerOwnerAddress', type: { kind: 'string' } },
      { name: 'model', type: { kind: 'string' } },
      { name: 'coefficient', type: { kind: 'int' } },
      { name: 'isTest', type: { kind: 'Bool' }, bit: 0 },
      { name: 'proxyCnt', type: { kind: 'int' }, bit: 0 },
      { name: 'maxActiveRequests', type: { kind: 'int' }, bit: 0 },
      { name: 'minProtoVersion', type: { kind: 'int' }, bit: 1 },
      { name: 'maxProtoVersion', type: { kind: 'int' }, bit: 1 },
    ],
  },
  {
    name: 'worker.connectedToProxy',
    id: 0x66bc82ee,
    role: 'type',
    result: 'worker.ConnectedToProxy',
    fields: [
      { name: 'params', type: { kind: 'bare', of: 'proxy.params' } },
      { name: 'workerScAddress', type: { kind: 'string' } },
    ],
  },
  {
    name: 'worker.compareBalanceWithProxyResult',
    id: 0x9054c411,
    role: 'type',
    result: 'worker.CompareBalanceWithProxyResult',
    fields: [
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'tokensCommittedToDb', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
      { name: 'errorCode', type: { kind: 'int' } },
    ],
  },
  {
    name: 'worker.extendedCompareBalanceWithProxyResult',
    id: 0x0c10973e,
    role: 'type',
    result: 'worker.ExtendedCompareBalanceWithProxyResult',
    fields: [
      { name: 'errorCode', type: { kind: 'int' } },
    ],
  },
  {
    name: 'worker.proxyHandshakeCompleted',
    id: 0x3ad9b886,
    role: 'type',
    result: 'worker.HandshakeCompleted',
    fields: [],
  },
  {
    name: 'worker.paymentStatus',
    id: 0xa88bd701,
    role: 'type',
    result: 'worker.PaymentStatus',
    fields: [
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'dbTokens', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
    ],
  },
  {
    name: 'worker.enabledDisabled',
    id: 0xb3b71039,
    role: 'type',
    result: 'worker.EnabledDisabled',
    fields: [
      { name: 'disabled', type: { kind: 'int' } },
    ],
  },
  {
    name: 'worker.newCoefficient',
    id: 0x6af092b0,
    role: 'type',
    result: 'worker.NewCoefficient',
    fields: [
      { name: 'newCoefficient', type: { kind: 'int' } },
    ],
  },
  {
    name: 'keyManager.privateKey',
    id: 0x60f4f8e7,
    role: 'type',
    result: 'keyManager.PrivateKey',
    fields: [
      { name: 'validUntilUtime', type: { kind: 'int' } },
      { name: 'privateKey', type: { kind: 'int256' } },
    ],
  },
  {
    name: 'keyManager.privateKeys',
    id: 0x0ed66ce5,
    role: 'type',
    result: 'keyManager.PrivateKeys',
    fields: [
      { name: 'keys', type: { kind: 'vector', of: 'keyManager.privateKey' } },
    ],
  },
  {
    name: 'http.request',
    id: 0x47492de5,
    role: 'function',
    result: 'http.Response',
    fields: [
      { name: 'method', type: { kind: 'string' } },
      { name: 'url', type: { kind: 'string' } },
      { name: 'httpVersion', type: { kind: 'string' } },
      { name: 'headers', type: { kind: 'vector', of: 'http.header' } },
      { name: 'payload', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'client.connectToProxy',
    id: 0xff5fa0f4,
    role: 'function',
    result: 'client.ConnectedToProxy',
    fields: [
      { name: 'params', type: { kind: 'bare', of: 'client.params' } },
      { name: 'minConfigVersion', type: { kind: 'int' } },
    ],
  },
  {
    name: 'client.authorizeWithProxyShort',
    id: 0x6c276723,
    role: 'function',
    result: 'client.AuthorizationWithProxy',
    fields: [
      { name: 'data', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'client.authorizeWithProxyLong',
    id: 0xd3474303,
    role: 'function',
    result: 'client.AuthorizationWithProxy',
    fields: [],
  },
  {
    name: 'client.runQuery',
    id: 0xbc748f32,
    role: 'function',
    result: 'client.QueryAnswer',
    fields: [
      { name: 'modelName', type: { kind: 'string' } },
      { name: 'query', type: { kind: 'bytes' } },
      { name: 'maxCoefficient', type: { kind: 'int' } },
      { name: 'maxTokens', type: { kind: 'int' } },
      { name: 'timeout', type: { kind: 'double' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'minConfigVersion', type: { kind: 'int' } },
    ],
  },
  {
    name: 'client.runQueryEx',
    id: 0xf54cb74b,
    role: 'function',
    result: 'client.QueryAnswerEx',
    flagsAt: 7,
    fields: [
      { name: 'modelName', type: { kind: 'string' } },
      { name: 'query', type: { kind: 'bytes' } },
      { name: 'maxCoefficient', type: { kind: 'int' } },
      { name: 'maxTokens', type: { kind: 'int' } },
      { name: 'timeout', type: { kind: 'double' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'minConfigVersion', type: { kind: 'int' } },
      { name: 'enableDebug', type: { kind: 'Bool' }, bit: 0 },
    ],
  },
  {
    name: 'client.requestRefund',
    id: 0x238d863d,
    role: 'function',
    result: 'client.Refund',
    fields: [],
  },
  {
    name: 'client.updatePaymentStatus',
    id: 0x9ed1c697,
    role: 'function',
    result: 'client.PaymentStatus',
    fields: [],
  },
  {
    name: 'client.getWorkerTypes',
    id: 0x7f062bdb,
    role: 'function',
    result: 'client.WorkerTypes',
    fields: [],
  },
  {
    name: 'client.getWorkerTypesV2',
    id: 0xb2133d72,
    role: 'function',
    result: 'client.WorkerTypesV2',
    fields: [],
  },
  {
    name: 'proxy.runQuery',
    id: 0x47182416,
    role: 'function',
    result: 'proxy.QueryAnswer',
    fields: [
      { name: 'query', type: { kind: 'bytes' } },
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'coefficient', type: { kind: 'long' } },
      { name: 'timeout', type: { kind: 'double' } },
      { name: 'requestId', type: { kind: 'int256' } },
    ],
  },
  {
    name: 'proxy.runQueryEx',
    id: 0xc805e7e2,
    role: 'function',
    result: 'proxy.QueryAnswer',
    flagsAt: 5,
    fields: [
      { name: 'query', type: { kind: 'bytes' } },
      { name: 'signedPayment', type: { kind: 'boxed', of: 'proxy.SignedPayment' } },
      { name: 'coefficient', type: { kind: 'long' } },
      { name: 'timeout', type: { kind: 'double' } },
      { name: 'requestId', type: { kind: 'int256' } },
      { name: 'enableDebug', type: { kind: 'Bool' }, bit: 0 },
    ],
  },
  {
    name: 'worker.connectToProxy',
    id: 0xcc484c5d,
    role: 'function',
    result: 'worker.ConnectedToProxy',
    fields: [
      { name: 'params', type: { kind: 'bare', of: 'worker.params' } },
    ],
  },
  {
    name: 'worker.compareBalanceWithProxy',
    id: 0xdb386501,
    role: 'function',
    result: 'worker.CompareBalanceWithProxyResult',
    fields: [
      { name: 'tokensCommittedToBlockchain', type: { kind: 'long' } },
      { name: 'tokensCommittedToDb', type: { kind: 'long' } },
      { name: 'maxTokens', type: { kind: 'long' } },
    ],
  },
  {
    name: 'worker.extendedCompareBalanceWithProxy',
    id: 0xf8dd9914,
    role: 'function',
    result: 'worker.ExtendedCompareBalanceWithProxyResult',
    fields: [
      { name: 'tokensCommittedToDb', type: { kind: 'long' } },
      { name: 'other', type: { kind: 'bytes' } },
    ],
  },
  {
    name: 'worker.proxyHandshakeComplete',
    id: 0xf843b066,
    role: 'function',
    result: 'worker.HandshakeCompleted',
    fields: [
      { name: 'isDisabled', type: { kind: 'Bool' } },
    ],
  },
  {
    name: 'worker.updatePaymentStatus',
    id: 0xdc70a524,
    role: 'function',
    result: 'worker.PaymentStatus',
    fields: [],
  },
  {
    name: 'keyManager.getProxyPrivateKeys',
    id: 0x47a9c2de,
    role: 'function',
    result: 'keyManager.PrivateKeys',
    fields: [
      { name: 'minConfigVersion', type: { kind: 'int' } },
    ],
  },
  {
    name: 'keyManager.getWorkerPrivateKeys',
    id: 0x2a26eff5,
    role: 'function',
    result: 'keyManager.PrivateKeys',
    fields: [
      { name: 'minConfigVersion', type: { kind: 'int' } },
    ],
  },
];
