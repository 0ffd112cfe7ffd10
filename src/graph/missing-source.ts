import { builder } from './builder.ts'

/** A source whose rows are missing in what is told of several. */
export interface MissingSource {
  readonly source: string
  readonly code: string
  readonly message: string
}

export const MissingSourceType = builder.objectRef<MissingSource>('MissingSource').implement({
  description: 'A database whose rows are missing, all or some, in an answer over several.',
  fields: (t) => ({
    source: t.exposeString('source', { nullable: false, description: 'Its name.' }),
    code: t.exposeString('code', {
      nullable: false,
      description: 'Why, for programs: a code of the catalogue.',
    }),
    message: t.exposeString('message', { nullable: false, description: 'Why, for people.' }),
  }),
})
