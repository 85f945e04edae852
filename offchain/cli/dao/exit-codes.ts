/** How `cocoon dao …` ends; stable, for scripts. docs/governance-tools.md explains each. */
export const ExitCode = {
  done: 0,
  /** verify or simulate found something wrong, or the chain could not be asked */
  failed: 1,
  /** an option, a file or an address is wrong: nothing was sent */
  usage: 2,
  /** the state of the chain does not allow it: nothing was sent */
  refused: 3,
  /** the message was sent, and a contract refused it */
  rejected: 4,
  /** the message was sent, and its effect was not seen in time */
  unknown: 5,
} as const;
