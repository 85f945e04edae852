/**
 * The wire protocol as TL declarations: the only place where a message, its fields and its id are written down.
 * `sdk/generated/tl.ts` (types and table) is generated from this text; the codec interprets that table.
 *
 * A constructor's id is the CRC32 of its declaration without parentheses and semicolon, unless the line gives one
 * after `#`. That makes every character of a declaration part of the protocol, the result type included: a few read
 * oddly (`proxy.clientRequestPayment … = proxy.WorkerRequestPayment`) because the live network's ids say so.
 *
 * Lower-case types used as fields are bare, upper-case ones are boxed, vectors are bare (count, then elements), Bool is
 * boxed. `flags:#` is never a field of the TypeScript objects: it follows from which optional fields are present.
 *
 * What is sent how: handshake, status and key-manager functions are `tcp.query`; `*.runQuery*`, every answer to them,
 * payments, `worker.enabledDisabled`, `worker.newCoefficient` and the cancellations are one-way `tcp.packet` messages.
 *
 * Protocol versions 0 to 2 are those of the live network. Version 3 is this project's own: `client.cancelQuery`
 * (client to proxy) and `proxy.cancelQuery` (proxy to worker) stop a running request. They may be sent only when 3 was
 * negotiated; a peer of the live network never negotiates more than 2 and so never sees them.
 */
export const TL_SCHEMA = `
---types---
tcp.ping id:long = tcp.Packet;
tcp.pong id:long = tcp.Packet;
tcp.packet data:bytes = tcp.Packet;
tcp.query id:long data:bytes = tcp.Packet;
tcp.queryAnswer id:long data:bytes = tcp.Packet;
tcp.queryError id:long code:int message:string = tcp.Packet;
tcp.connect id:long = tcp.Packet;
tcp.connected id:long = tcp.Packet;

http.header name:string value:string = http.Header;
http.response http_version:string status_code:int reason:string headers:(vector http.header) payload:bytes = http.Response;

tokensUsed prompt_tokens_used:long cached_tokens_used:long completion_tokens_used:long reasoning_tokens_used:long total_tokens_used:long = TokensUsed;

proxy.params#d5c5609f flags:# proxy_public_key:int256 proxy_owner_address:string proxy_sc_address:string is_test:flags.0?Bool proto_version:flags.1?int = proxy.Params;
proxy.signedPayment data:bytes = proxy.SignedPayment;
proxy.signedPaymentEmpty = proxy.SignedPayment;
proxy.clientRequestPayment request_id:int256 signed_payment:proxy.SignedPayment db_tokens:long max_tokens:long request_tokens:long = proxy.WorkerRequestPayment;
proxy.workerRequestPayment request_id:int256 signed_payment:proxy.SignedPayment db_tokens:long max_tokens:long request_tokens:long request_client_owner:string = proxy.WorkerRequestPayment;
proxy.queryAnswer answer:bytes is_completed:Bool request_id:int256 tokens_used:tokensUsed = proxy.QueryAnswer;
proxy.queryAnswerError error_code:int error:string request_id:int256 tokens_used:tokensUsed = proxy.QueryAnswer;
proxy.queryAnswerPart answer:bytes is_completed:Bool request_id:int256 tokens_used:tokensUsed = proxy.QueryAnswerPart;
proxy.queryAnswerPartError error_code:int error:string request_id:int256 tokens_used:tokensUsed = proxy.QueryAnswerPart;
proxy.queryFinalInfo flags:# tokens_used:tokensUsed worker_debug:flags.0?string worker_start_time:flags.1?double worker_end_time:flags.1?double = proxy.QueryFinalInfo;
proxy.queryAnswerEx request_id:int256 answer:bytes flags:# final_info:flags.0?proxy.queryFinalInfo = proxy.QueryAnswerEx;
proxy.queryAnswerErrorEx request_id:int256 error_code:int error:string flags:# final_info:flags.0?proxy.queryFinalInfo = proxy.QueryAnswerEx;
proxy.queryAnswerPartEx request_id:int256 answer:bytes flags:# final_info:flags.0?proxy.queryFinalInfo = proxy.QueryAnswerEx;
proxy.cancelQuery request_id:int256 = proxy.CancelQuery;

client.params#40fdca64 flags:# client_owner_address:string is_test:flags.0?Bool min_proto_version:flags.1?int max_proto_version:flags.1?int = client.Params;
client.proxyConnectionAuthShort secret_hash:int256 nonce:long = client.ProxyConnectionAuth;
client.proxyConnectionAuthLong nonce:long = client.ProxyConnectionAuth;
client.connectedToProxy params:proxy.params client_sc_address:string auth:client.ProxyConnectionAuth signed_payment:proxy.SignedPayment = client.ConnectedToProxy;
client.authorizationWithProxySuccess signed_payment:proxy.SignedPayment tokens_committed_to_db:long max_tokens:long = client.AuthorizationWithProxy;
client.authorizationWithProxyFailed error_code:int error:string = client.AuthorizationWithProxy;
client.queryAnswer answer:bytes is_completed:Bool request_id:int256 request_tokens_used:tokensUsed = client.QueryAnswer;
client.queryAnswerError error_code:int error:string request_id:int256 request_tokens_used:tokensUsed = client.QueryAnswer;
client.queryAnswerPart answer:bytes is_completed:Bool request_id:int256 request_tokens_used:tokensUsed = client.QueryAnswerPart;
client.queryAnswerPartError error_code:int error:string request_id:int256 request_tokens_used:tokensUsed = client.QueryAnswerPart;
client.queryFinalInfo flags:# tokens_used:tokensUsed worker_debug:flags.0?string proxy_debug:flags.0?string proxy_start_time:flags.1?double proxy_end_time:flags.1?double worker_start_time:flags.1?double worker_end_time:flags.1?double = client.QueryFinalInfo;
client.queryAnswerEx request_id:int256 answer:bytes flags:# final_info:flags.0?client.queryFinalInfo = client.QueryAnswerEx;
client.queryAnswerErrorEx request_id:int256 error_code:int error:string flags:# final_info:flags.0?client.queryFinalInfo = client.QueryAnswerEx;
client.queryAnswerPartEx request_id:int256 answer:bytes flags:# final_info:flags.0?client.queryFinalInfo = client.QueryAnswerEx;
client.refund data:bytes = client.Refund;
client.refundRejected active_queries:long = client.Refund;
client.paymentStatus signed_payment:proxy.SignedPayment db_tokens:long max_tokens:long = client.PaymentStatus;
client.workerType name:string active_workers:int coefficient_min:int coefficient_bucket50:int coefficient_max:int = client.WorkerType;
client.workerTypes types:(vector client.workerType) = client.WorkerTypes;
client.workerInstanceV2#3ea93d00 flags:# coefficient:int active_requests:int max_active_requests:int = client.WorkerInstanceV2;
client.workerTypeV2 name:string workers:(vector client.workerInstanceV2) = client.WorkerTypeV2;
client.workerTypesV2 types:(vector client.workerTypeV2) = client.WorkerTypesV2;
client.cancelQuery request_id:int256 = client.CancelQuery;

worker.params#869c73ed flags:# worker_owner_address:string model:string coefficient:int is_test:flags.0?Bool proxy_cnt:flags.0?int max_active_requests:flags.0?int min_proto_version:flags.1?int max_proto_version:flags.1?int = worker.Params;
worker.connectedToProxy params:proxy.params worker_sc_address:string = worker.ConnectedToProxy;
worker.compareBalanceWithProxyResult signed_payment:proxy.SignedPayment tokens_committed_to_db:long max_tokens:long error_code:int = worker.CompareBalanceWithProxyResult;
worker.extendedCompareBalanceWithProxyResult error_code:int = worker.ExtendedCompareBalanceWithProxyResult;
worker.proxyHandshakeCompleted = worker.HandshakeCompleted;
worker.paymentStatus signed_payment:proxy.SignedPayment db_tokens:long max_tokens:long = worker.PaymentStatus;
worker.enabledDisabled disabled:int = worker.EnabledDisabled;
worker.newCoefficient new_coefficient:int = worker.NewCoefficient;

keyManager.privateKey valid_until_utime:int private_key:int256 = keyManager.PrivateKey;
keyManager.privateKeys keys:(vector keyManager.privateKey) = keyManager.PrivateKeys;

---functions---
http.request method:string url:string http_version:string headers:(vector http.header) payload:bytes = http.Response;

client.connectToProxy params:client.params min_config_version:int = client.ConnectedToProxy;
client.authorizeWithProxyShort data:bytes = client.AuthorizationWithProxy;
client.authorizeWithProxyLong = client.AuthorizationWithProxy;
client.runQuery model_name:string query:bytes max_coefficient:int max_tokens:int timeout:double request_id:int256 min_config_version:int = client.QueryAnswer;
client.runQueryEx model_name:string query:bytes max_coefficient:int max_tokens:int timeout:double request_id:int256 min_config_version:int flags:# enable_debug:flags.0?Bool = client.QueryAnswerEx;
client.requestRefund = client.Refund;
client.updatePaymentStatus = client.PaymentStatus;
client.getWorkerTypes = client.WorkerTypes;
client.getWorkerTypesV2 = client.WorkerTypesV2;

proxy.runQuery query:bytes signed_payment:proxy.SignedPayment coefficient:long timeout:double request_id:int256 = proxy.QueryAnswer;
proxy.runQueryEx query:bytes signed_payment:proxy.SignedPayment coefficient:long timeout:double request_id:int256 flags:# enable_debug:flags.0?Bool = proxy.QueryAnswer;

worker.connectToProxy params:worker.params = worker.ConnectedToProxy;
worker.compareBalanceWithProxy tokens_committed_to_blockchain:long tokens_committed_to_db:long max_tokens:long = worker.CompareBalanceWithProxyResult;
worker.extendedCompareBalanceWithProxy tokens_committed_to_db:long other:bytes = worker.ExtendedCompareBalanceWithProxyResult;
worker.proxyHandshakeComplete is_disabled:Bool = worker.HandshakeCompleted;
worker.updatePaymentStatus = worker.PaymentStatus;

keyManager.getProxyPrivateKeys min_config_version:int = keyManager.PrivateKeys;
keyManager.getWorkerPrivateKeys min_config_version:int = keyManager.PrivateKeys;
`;
