// The home of the precompiled headers that modules reuse (ThirdParty.cmake).
