import { invalid } from '../../graph/write-failure.ts'

/** @throws the failure of an input for what GitHub gives nobody for a name: the service fetches keys by it. */
export function gitHubName(name: string, field: string): string {
  if (!/^[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}$/i.test(name))
    throw invalid(field, `${field} is no name that GitHub gives.`)
  return name
}
