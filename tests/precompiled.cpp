// The home of the precompiled headers that every test reuses.
