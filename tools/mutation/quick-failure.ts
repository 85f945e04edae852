/** A failing property is not shrunk: that it fails is all that counts. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
