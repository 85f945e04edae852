/**
 * A failing property is not shrunk: that it fails is all that counts. The seed is fixed, so that a mutant is not killed in one
 * run and alive in the next.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true, seed: 1 });
