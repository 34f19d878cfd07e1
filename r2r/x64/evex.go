package x64

// evex are the maps by the field mmm of EVEX: AVX-512 F, BW, CD, DQ, VL, VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ, IFMA, BF16,
// VP2INTERSECT, and the vector forms of AES, PCLMULQDQ and GFNI. AVX10.2 is in there as far as RyuJIT of .NET 10 knows it
// (src/coreclr/jit/instrsxarch.h), because it emits such code, behind a check, for processors with AVX-512.
var evex = [6]*opcodeMap{1: evex0F, 2: evex0F38, 3: evex0F3A, 4: newMap(), 5: evexMap5}

var evex0F = newMap(
	row{any4, 0x10, 0x11, modRM},                                          // VMOVUPS, VMOVSS
	row{np | pF3 | pF2, 0x12, 0x12, modRM},                                // VMOVLPS, VMOVHLPS, VMOVSLDUP, VMOVDDUP
	row{p66, 0x12, 0x12, mem},                                             // VMOVLPD
	row{sized, 0x13, 0x13, mem},                                           //
	row{sized, 0x14, 0x15, modRM},                                         // VUNPCKLPS
	row{np | pF3, 0x16, 0x16, modRM},                                      // VMOVHPS, VMOVLHPS, VMOVSHDUP
	row{p66, 0x16, 0x16, mem},                                             // VMOVHPD
	row{sized, 0x17, 0x17, mem},                                           //
	row{sized, 0x28, 0x29, modRM},                                         // VMOVAPS
	row{pF3 | pF2, 0x2A, 0x2A, modRM},                                     // VCVTSI2SS
	row{sized, 0x2B, 0x2B, mem},                                           // VMOVNTPS
	row{pF3 | pF2, 0x2C, 0x2D, modRM},                                     // VCVTTSS2SI
	row{sized, 0x2E, 0x2F, modRM},                                         // VUCOMISS
	row{pF3 | pF2, 0x2F, 0x2F, modRM},                                     // VCOMXSS
	row{any4, 0x51, 0x51, modRM},                                          // VSQRTPS
	row{sized, 0x54, 0x57, modRM},                                         // VANDPS
	row{any4, 0x58, 0x5A, modRM},                                          // VADDPS, VMULPS, VCVTPS2PD
	row{np | p66 | pF3, 0x5B, 0x5B, modRM},                                // VCVTDQ2PS
	row{any4, 0x5C, 0x5F, modRM},                                          // VSUBPS, VMINPS, VDIVPS, VMAXPS
	row{p66, 0x60, 0x6F, modRM},                                           // VPUNPCKLBW, VMOVD, VMOVDQA32
	row{pF3 | pF2, 0x6F, 0x6F, modRM},                                     // VMOVDQU8
	row{p66 | pF3 | pF2, 0x70, 0x70, modRM | ib},                          // VPSHUFD
	row{p66, 0x71, 0x71, slash2 | slash4 | slash6 | ib},                   // VPSRLW
	row{p66, 0x72, 0x72, slash0 | slash1 | slash2 | slash4 | slash6 | ib}, // VPROR, VPROL, VPSRLD
	row{p66, 0x73, 0x73, slash2 | slash3 | slash6 | slash7 | ib},          // VPSRLQ
	row{p66, 0x74, 0x76, modRM},                                           // VPCMPEQB
	row{any4, 0x78, 0x79, modRM},                                          // VCVTTPS2UDQ, VCVTTSS2USI
	row{p66 | pF3 | pF2, 0x7A, 0x7B, modRM},                               // VCVTTPS2QQ, VCVTUDQ2PS, VCVTUSI2SS
	row{p66 | pF3, 0x7E, 0x7E, modRM},                                     // VMOVD, VMOVQ
	row{p66 | pF3 | pF2, 0x7F, 0x7F, modRM},                               // VMOVDQA32
	row{any4, 0xC2, 0xC2, modRM | ib},                                     // VCMPPS
	row{p66, 0xC4, 0xC4, modRM | ib},                                      // VPINSRW
	row{p66, 0xC5, 0xC5, reg | ib},                                        // VPEXTRW
	row{sized, 0xC6, 0xC6, modRM | ib},                                    // VSHUFPS
	row{p66, 0xD1, 0xD6, modRM},                                           // VPSRLW, VMOVQ
	row{p66, 0xD8, 0xE6, modRM},                                           // VPSUBUSB, VCVTTPD2DQ
	row{pF3 | pF2, 0xE6, 0xE6, modRM},                                     // VCVTDQ2PD
	row{p66, 0xE7, 0xE7, mem},                                             // VMOVNTDQ
	row{p66, 0xE8, 0xEF, modRM},                                           // VPSUBSB, VPORD
	row{p66, 0xF1, 0xF6, modRM},                                           // VPSLLW
	row{p66, 0xF8, 0xFE, modRM},                                           // VPSUBB
)

var evex0F38 = newMap(
	row{p66, 0x00, 0x00, modRM},            // VPSHUFB
	row{p66, 0x04, 0x04, modRM},            // VPMADDUBSW
	row{p66, 0x0B, 0x0D, modRM},            // VPMULHRSW, VPERMILPS
	row{p66, 0x10, 0x16, modRM},            // VPSRLVW, VCVTPH2PS, VPROLVD, VPERMPS
	row{pF3, 0x10, 0x15, modRM},            // VPMOVUSWB
	row{p66, 0x18, 0x19, modRM},            // VBROADCASTSS
	row{p66, 0x1A, 0x1B, mem},              // VBROADCASTF32X4
	row{p66, 0x1C, 0x29, modRM},            // VPABSB, VPMOVSXBW, VPTESTMB, VPMULDQ
	row{pF3, 0x20, 0x27, modRM},            // VPMOVSWB, VPTESTNMB
	row{pF3, 0x28, 0x2A, reg},              // VPMOVM2B, VPMOVB2M, VPBROADCASTMB2Q
	row{p66, 0x2A, 0x2A, mem},              // VMOVNTDQA
	row{p66, 0x2B, 0x2D, modRM},            // VPACKUSDW, VSCALEFPS
	row{p66, 0x30, 0x40, modRM},            // VPMOVZXBW, VPMINSB, VPMULLD
	row{pF3, 0x30, 0x35, modRM},            // VPMOVWB
	row{pF3, 0x38, 0x3A, reg},              // VPMOVM2D, VPMOVD2M, VPBROADCASTMW2D
	row{p66, 0x42, 0x47, modRM},            // VGETEXPPS, VPLZCNTD, VPSRLVD
	row{p66, 0x4C, 0x55, modRM},            // VRCP14PS, VPDPBUSD, VPOPCNTB
	row{np | pF3 | pF2, 0x50, 0x51, modRM}, // VPDPBSSD
	row{pF3, 0x52, 0x52, modRM},            // VDPBF16PS
	row{p66, 0x58, 0x59, modRM},            // VPBROADCASTD
	row{p66, 0x5A, 0x5B, mem},              // VBROADCASTI32X4
	row{p66, 0x62, 0x66, modRM},            // VPEXPANDB, VPCOMPRESSB, VPBLENDMD
	row{pF2, 0x68, 0x68, modRM},            // VP2INTERSECTD
	row{p66, 0x70, 0x73, modRM},            // VPSHLDVW
	row{pF3 | pF2, 0x72, 0x72, modRM},      // VCVTNEPS2BF16
	row{p66, 0x75, 0x79, modRM},            // VPERMI2B, VPBROADCASTB
	row{p66, 0x7A, 0x7C, reg},              // VPBROADCASTB of a register
	row{p66, 0x7D, 0x7F, modRM},            // VPERMT2B
	row{p66, 0x83, 0x83, modRM},            // VPMULTISHIFTQB
	row{p66, 0x88, 0x8B, modRM},            // VEXPANDPS, VCOMPRESSPS
	row{p66, 0x8D, 0x8D, modRM},            // VPERMB
	row{p66, 0x8F, 0x8F, modRM},            // VPSHUFBITQMB
	row{p66, 0x90, 0x93, mem | vsib},       // VPGATHERDD
	row{p66, 0x96, 0x9F, modRM},            // VFMADDSUB132PS
	row{p66, 0xA0, 0xA3, mem | vsib},       // VPSCATTERDD
	row{p66, 0xA6, 0xAF, modRM},            //
	row{p66, 0xB4, 0xBF, modRM},            // VPMADD52LUQ, VFMADDSUB231PS
	row{p66, 0xC4, 0xC4, modRM},            // VPCONFLICTD
	row{p66, 0xCF, 0xCF, modRM},            // VGF2P8MULB
	row{np | p66 | pF3, 0xD2, 0xD3, modRM}, // VPDPWSUD
	row{p66, 0xDC, 0xDF, modRM},            // VAESENC
)

var evex0F3A = newMap(
	row{p66, 0x00, 0x01, modRM | ib}, // VPERMQ
	row{p66, 0x03, 0x05, modRM | ib}, // VALIGND, VPERMILPS
	row{p66, 0x08, 0x0B, modRM | ib}, // VRNDSCALEPS
	row{p66, 0x0F, 0x0F, modRM | ib}, // VPALIGNR
	row{p66, 0x14, 0x1B, modRM | ib}, // VPEXTRB, VINSERTF32X4
	row{p66, 0x1D, 0x23, modRM | ib}, // VCVTPS2PH, VPCMPUD, VPINSRB, VSHUFF32X4
	row{p66, 0x25, 0x27, modRM | ib}, // VPTERNLOGD, VGETMANTPS
	row{p66, 0x38, 0x3B, modRM | ib}, // VINSERTI32X4
	row{p66, 0x3E, 0x3F, modRM | ib}, // VPCMPUB
	row{p66, 0x42, 0x44, modRM | ib}, // VDBPSADBW, VSHUFI32X4, VPCLMULQDQ
	row{pF3, 0x42, 0x42, modRM | ib}, // VMPSADBW
	row{p66, 0x50, 0x53, modRM | ib}, // VRANGEPS, VMINMAXPS
	row{p66, 0x54, 0x57, modRM | ib}, // VFIXUPIMMPS, VREDUCEPS
	row{p66, 0x66, 0x67, modRM | ib}, // VFPCLASSPS
	row{p66, 0x70, 0x73, modRM | ib}, // VPSHLDW
	row{p66, 0xCE, 0xCF, modRM | ib}, // VGF2P8AFFINEQB
)

var evexMap5 = newMap(
	row{p66, 0x68, 0x6B, modRM},  // VCVTTPS2IBS
	row{any4, 0x6C, 0x6D, modRM}, // VCVTTPS2UDQS, VCVTTSS2USIS
	row{pF3, 0x6E, 0x6E, modRM},  // VMOVW
	row{pF3, 0x7E, 0x7E, modRM},  //
)
