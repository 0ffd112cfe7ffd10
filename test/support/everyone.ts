import { nobody, type Viewer } from '../../src/auth/viewer.ts'

/** Whoever asks, seeing everything: for tests of what the graph shows, not of whom it shows it to. */
export const everyone: Viewer = { ...nobody, open: true }
