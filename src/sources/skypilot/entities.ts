import './sky-cluster.ts'
