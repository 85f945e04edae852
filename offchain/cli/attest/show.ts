import { checkCertificate, parseCertificate } from '../../tee/certificate-check';
import { AttestationError } from '../../tee/errors';
import { imageHash, reportDataOf } from '../../tee/image-hash';
import { parseQuote, type TdxBody } from '../../tee/quote';
import { readSubject, type Subject } from './subject';

/** What a file says, field by field. Nothing is judged but whether it can be read. */
export function show(file: string, flags: { json?: boolean }): void {
  const fields = describe(readSubject(file));
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(fields, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields)) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

type Fields = Record<string, string | number | boolean>;

function describe(subject: Subject): Fields {
  if (subject.kind === 'quote') return describeQuote(subject.quote);
  const { publicKey, notBeforeMs, notAfterMs, quote } = parseCertificate(subject.certificate);
  const certificate: Fields = {
    kind: subject.kind,
    ...(subject.kind === 'evidence'
      ? {
          policy: subject.evidence.policy,
          verified_at: subject.evidence.verified_at,
          accepted_then: subject.evidence.verdict.accepted,
        }
      : {}),
    public_key: publicKey.toString('hex'),
    not_before: new Date(notBeforeMs).toISOString(),
    not_after: new Date(notAfterMs).toISOString(),
    fit_as_server: fit(subject.certificate, 'server', notBeforeMs),
    fit_as_client: fit(subject.certificate, 'client', notBeforeMs),
    quote_bytes: quote?.length ?? 0,
  };
  if (quote === undefined) return certificate;
  const bound = reportDataOf(publicKey);
  if (quote.length === 64) return { ...certificate, attestation: 'fake_tdx', of_this_key: quote.equals(bound) };
  const { reportData } = parseQuote(quote).body;
  return { ...certificate, of_this_key: reportData.equals(bound), ...describeQuote(quote), kind: subject.kind };
}

function fit(certificate: Buffer, role: 'server' | 'client', atMs: number): string {
  try {
    checkCertificate(certificate, role, atMs);
    return 'yes';
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

function describeQuote(bytes: Buffer): Fields {
  const { version, body } = parseQuote(bytes);
  const hash = imageHash(body);
  return {
    kind: 'quote',
    attestation: body.mrServiceTd === undefined ? 'TDX 1.0' : 'TDX 1.5',
    quote_version: version,
    image_hash: hash.toString('hex'),
    image_hash_base64: hash.toString('base64'),
    debuggable: ((body.tdAttributes[0] ?? 0) & 1) === 1,
    ...hexFields(body),
  };
}

function hexFields(body: TdxBody): Fields {
  const fields: Fields = {};
  const put = (name: string, value: Buffer | undefined) => {
    if (value !== undefined) fields[name] = value.toString('hex');
  };
  put('mr_td', body.mrTd);
  for (const [i, value] of body.rtmr.entries()) put(`rtmr${i}`, value);
  put('mr_config_id', body.mrConfigId);
  put('mr_owner', body.mrOwner);
  put('mr_owner_config', body.mrOwnerConfig);
  put('report_data', body.reportData);
  put('td_attributes', body.tdAttributes);
  put('xfam', body.xfam);
  put('tee_tcb_svn', body.teeTcbSvn);
  put('mr_seam', body.mrSeam);
  put('mr_signer_seam', body.mrSignerSeam);
  put('seam_attributes', body.seamAttributes);
  put('tee_tcb_svn_2', body.teeTcbSvn2);
  put('mr_service_td', body.mrServiceTd);
  return fields;
}
