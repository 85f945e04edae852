/** What the analyser says about one place of the sources. */
export interface Finding {
  detector: string;
  /** Relative to contracts/. */
  file: string;
  /** The source line, trimmed: it stays the same when lines move. */
  code: string;
  line: number;
  message: string;
}

/** Findings that are not fixed, with the reason. */
export interface Accepted {
  detector: string;
  file: string;
  /** Beginnings of the source lines it speaks of. */
  code: string[];
  reason: string;
}

/** Says that something is never used, of which each contract knows only its own part. */
const WHOLE_PROGRAM = new Set(['NeverAccessedVariables']);

/**
 * One list from the analyses of single contracts. A declaration in a shared file is unused only if every contract that
 * is made of the file says so.
 *
 * @param perContract contract's file -> what the analyser found in it and all it imports
 * @param usersOf contracts' files that are made of a file
 */
export function combine(
  perContract: ReadonlyMap<string, readonly Finding[]>,
  usersOf: (file: string) => readonly string[],
): Finding[] {
  const byPlace = new Map<string, { finding: Finding; contracts: Set<string> }>();
  for (const [contract, findings] of perContract) {
    for (const finding of findings) {
      const place = JSON.stringify([finding.detector, finding.file, finding.line, finding.message]);
      const known = byPlace.get(place) ?? { finding, contracts: new Set() };
      known.contracts.add(contract);
      byPlace.set(place, known);
    }
  }
  return [...byPlace.values()]
    .filter(
      ({ finding, contracts }) =>
        !WHOLE_PROGRAM.has(finding.detector) || usersOf(finding.file).every((user) => contracts.has(user)),
    )
    .map(({ finding }) => finding);
}

export interface Judged {
  /** Findings that nobody has accepted. */
  open: Finding[];
  accepted: number;
  /** Accepted places where the analyser finds nothing any more. */
  idle: string[];
}

export function judge(findings: readonly Finding[], acceptances: readonly Accepted[]): Judged {
  const used = new Set<string>();
  const nameOf = ({ detector, file }: Accepted, code: string) => `${detector} in ${file}: ${code}`;
  const open = findings.filter((finding) => {
    let accepted = false;
    for (const entry of acceptances) {
      if (entry.detector !== finding.detector || entry.file !== finding.file) continue;
      const code = entry.code.find((beginning) => finding.code.startsWith(beginning));
      if (code === undefined) continue;
      used.add(nameOf(entry, code));
      accepted = true;
    }
    return !accepted;
  });
  const idle = acceptances
    .flatMap((entry) => entry.code.map((code) => nameOf(entry, code)))
    .filter((n) => !used.has(n));
  return { open, accepted: findings.length - open.length, idle };
}
