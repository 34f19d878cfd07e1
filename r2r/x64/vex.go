package x64

// vex are the maps by the field mmmmm of VEX: AVX, AVX2, FMA, BMI, AVX-VNNI with INT8 and
// INT16, mask registers.
var vex = [4]*opcodeMap{1: vex0F, 2: vex0F38, 3: vex0F3A}

var vex0F = newMap(append(sse(),
	row{sized, 0x41, 0x42, reg},                  // KAND, KANDN
	row{sized, 0x44, 0x47, reg},                  // KNOT, KOR, KXNOR, KXOR
	row{sized, 0x4A, 0x4B, reg},                  // KADD, KUNPCK
	row{np, 0x77, 0x77, plain},                   // VZEROUPPER
	row{sized, 0x90, 0x90, modRM},                // KMOV
	row{sized, 0x91, 0x91, mem},                  //
	row{np | p66 | pF2, 0x92, 0x93, reg},         //
	row{sized, 0x98, 0x99, reg},                  // KORTEST, KTEST
	row{np, 0xAE, 0xAE, (slash2 | slash3) & mem}, // VLDMXCSR, VSTMXCSR
)...)

var vex0F38 = newMap(
	row{p66, 0x00, 0x0F, modRM},                   // VPSHUFB, VTESTPS
	row{p66, 0x13, 0x13, modRM},                   // VCVTPH2PS
	row{p66, 0x16, 0x19, modRM},                   // VPERMPS, VPTEST, VBROADCASTSS
	row{p66, 0x1A, 0x1A, mem},                     // VBROADCASTF128
	row{p66, 0x1C, 0x1E, modRM},                   // VPABSB
	row{p66, 0x20, 0x25, modRM},                   // VPMOVSXBW
	row{p66, 0x28, 0x29, modRM},                   // VPMULDQ
	row{p66, 0x2A, 0x2A, mem},                     // VMOVNTDQA
	row{p66, 0x2B, 0x2B, modRM},                   // VPACKUSDW
	row{p66, 0x2C, 0x2F, mem},                     // VMASKMOVPS
	row{p66, 0x30, 0x41, modRM},                   // VPMOVZXBW, VPERMD, VPMINSB
	row{p66, 0x45, 0x47, modRM},                   // VPSRLVD
	row{any4, 0x50, 0x51, modRM},                  // VPDPBUSD
	row{p66, 0x52, 0x53, modRM},                   // VPDPWSSD
	row{p66, 0x58, 0x59, modRM},                   // VPBROADCASTD
	row{p66, 0x5A, 0x5A, mem},                     // VBROADCASTI128
	row{p66, 0x78, 0x79, modRM},                   // VPBROADCASTB
	row{p66, 0x8C, 0x8C, mem},                     // VPMASKMOVD
	row{p66, 0x8E, 0x8E, mem},                     //
	row{p66, 0x90, 0x93, mem | vsib},              // VPGATHERDD
	row{p66, 0x96, 0x9F, modRM},                   // VFMADDSUB132PS
	row{p66, 0xA6, 0xAF, modRM},                   //
	row{p66, 0xB4, 0xB5, modRM},                   // VPMADD52LUQ
	row{p66, 0xB6, 0xBF, modRM},                   //
	row{p66, 0xCF, 0xCF, modRM},                   // VGF2P8MULB
	row{p66, 0xDB, 0xDF, modRM},                   // VAESIMC
	row{np, 0xF2, 0xF2, modRM},                    // ANDN
	row{np, 0xF3, 0xF3, slash1 | slash2 | slash3}, // BLSR, BLSMSK, BLSI
	row{np | pF3 | pF2, 0xF5, 0xF5, modRM},        // BZHI, PEXT, PDEP
	row{pF2, 0xF6, 0xF6, modRM},                   // MULX
	row{any4, 0xF7, 0xF7, modRM},                  // BEXTR, SHLX, SARX, SHRX
)

var vex0F3A = newMap(
	row{p66, 0x00, 0x02, modRM | ib}, // VPERMQ
	row{p66, 0x04, 0x06, modRM | ib}, // VPERMILPS, VPERM2F128
	row{p66, 0x08, 0x0F, modRM | ib}, // VROUNDPS
	row{p66, 0x14, 0x19, modRM | ib}, // VPEXTRB, VINSERTF128
	row{p66, 0x1D, 0x1D, modRM | ib}, // VCVTPS2PH
	row{p66, 0x20, 0x22, modRM | ib}, // VPINSRB
	row{p66, 0x30, 0x33, reg | ib},   // KSHIFT
	row{p66, 0x38, 0x39, modRM | ib}, // VINSERTI128
	row{p66, 0x40, 0x42, modRM | ib}, // VDPPS
	row{p66, 0x44, 0x44, modRM | ib}, // VPCLMULQDQ
	row{p66, 0x46, 0x46, modRM | ib}, // VPERM2I128
	row{p66, 0x4A, 0x4C, modRM | ib}, // VBLENDVPS: the immediate is a register
	row{p66, 0x60, 0x63, modRM | ib}, // VPCMPESTRM
	row{p66, 0xCE, 0xCF, modRM | ib}, // VGF2P8AFFINEQB
	row{p66, 0xDF, 0xDF, modRM | ib}, // VAESKEYGENASSIST
	row{pF2, 0xF0, 0xF0, modRM | ib}, // RORX
)
